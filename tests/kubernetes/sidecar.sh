# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# overlays/sidecar with an application of ours, and no DaemonSet's help: the sidecar becomes ready, lists the containers of its pod
# and no other's, and has each OOM kill of the application once, as the kubelet counts them (cgroup v2); it claims no near miss, and nothing
# of it is started again.
. "$(dirname "$0")/lib.inc"

scenario_clean_up() { kubectl delete namespace example --wait=false >/dev/null 2>&1; }
kubectl create namespace example >/dev/null
# shellcheck disable=SC2016 # for the container's shell
command='["/bin/sh", "-c", "sleep 20; exec tail /dev/zero"]'
manifest "$manifests/overlays/sidecar" |
	sed -e "s|registry.example/app:1.0|localhost/headroom-test:1|; /^ *name: app\$/a\\        command: $command" -e 's/256Mi/48Mi/' >"$work/sidecar"
apply "$work/sidecar" >/dev/null || { cat "$work/sidecar" >&2; fail 'apply'; }
kubectl -n example rollout status deployment/example --timeout=60s >/dev/null || { kubectl -n example describe pod >&2; fail 'not ready'; }
pod=$(kubectl -n example get pod -l app=example -o jsonpath='{.items[0].metadata.name}')
in_sidecar() { kubectl -n example exec "$pod" -c headroom -- headroom "$@"; }
containers=$(kubectl -n example get pod "$pod" -o json | jq '.status.containerStatuses | length')
listed() { in_sidecar ls --all --json | ask "[.containers[] | select(.kind == \"container\" and .state == \"running\")] | length == $containers"; }
wait_for 20 listed || { in_sidecar ls --all >&2; fail "not the $containers containers of the pod"; }
restarted() { kubectl -n example get pod "$pod" -o json | ask '.status.containerStatuses[] | select(.name == "app") | .restartCount >= 1'; }
wait_for 60 restarted || fail 'the application was not OOM-killed'
# On cgroup v1 a pod's own counter has no OOM kill of its containers, and the container's is gone with it.
if [ "$v" = 2 ]; then
	one() { [ "$(in_sidecar events --json | jq -c 'select(.type == "oom_kill")' | wc -l)" -ge 1 ]; }
	wait_for 20 one || { in_sidecar events >&2; in_sidecar ls --all >&2; fail 'the sidecar does not know of the OOM kill'; }
	kills=$(in_sidecar events --json | jq -c 'select(.type == "oom_kill")' | wc -l)
	restarts=$(kubectl -n example get pod "$pod" -o json | jq '.status.containerStatuses[] | select(.name == "app") | .restartCount')
	echo "kubelet: $restarts restarts; sidecar: $kills OOM kills"
	if [ "$kills" -lt "$restarts" ] || [ "$kills" -gt $((restarts + 1)) ]; then in_sidecar events >&2 && fail "$kills OOM kills, $restarts restarts"; fi
else
	echo 'cgroup v1: an OOM kill of a container that ends with it cannot be seen from the sidecar'
fi
in_sidecar report >"$work/report" 2>&1 || :
! grep -i 'near miss' "$work/report" || fail 'a near miss is claimed'
kubectl -n example logs "$pod" -c headroom >"$work/log"
! grep -i 'starting it again' "$work/log" || fail 'daemon or resolver fell'
