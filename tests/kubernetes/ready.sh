# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The DaemonSet of deploy/kubernetes/base comes up: every container ready, none restarted, nothing to complain of in its events.
. "$(dirname "$0")/lib.inc"

manifest "$manifests/base" >"$work/base" || fail 'kustomize'
began=$(now)
apply "$work/base" >/dev/null || fail 'apply'
rolled_out 180 || { kubectl -n headroom describe pod >&2; kubectl -n headroom logs -l app.kubernetes.io/name=headroom --all-containers --tail 10 >&2; fail 'not ready'; }
echo "ready $(($(now) - began))0 ms after apply"
kubectl -n headroom get pod "$(headroom_pod)" -o json | jq -r '"containers started \(.status.containerStatuses | map(.state.running.startedAt) | max), pod ready \(.status.conditions[] | select(.type == "Ready") | .lastTransitionTime)"'
wait_for 10 daemon_ready || fail 'no daemon on the board of the node'
snapshot | expect '.host.node == "node-1" and .host.guard.mode == "observe"' 'the node by name'
snapshot | expect '.host.guard.sources | .oom_kill != "memory.events" and .memcg_sweep != "cgroup files"' 'BPF'
kubectl -n headroom get pod "$(headroom_pod)" -o json | jq '.status.containerStatuses' |
	expect 'length == 3 and all(.[]; .ready and .restartCount == 0)'
# The kubelet's own cache is late on a busy machine; it tries again.
kubectl -n headroom get events --field-selector type=Warning -o json |
	jq -c '.items[] | {reason, message} | select(.message | test("failed to sync (configmap|secret) cache") | not)' >"$work/warnings"
[ ! -s "$work/warnings" ] || { cat "$work/warnings" >&2; fail 'warnings among the events of the DaemonSet'; }
snapshot | jq -c '.host.guard.degraded[]' | sed 's/^/degraded: /'
