# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# overlays/enforce, with a policy on pods of a label: the daemon ends the container before the kernel does, says so in a Kubernetes
# event, and a pod without the label is left to the kernel. Afterwards observing again.
. "$(dirname "$0")/lib.inc"

scenario_clean_up() { manifest "$manifests/base" >"$work/base" && apply "$work/base" >/dev/null && rolled_out 90 >/dev/null; }
server=$(kubectl version -o json 2>/dev/null | jq -r .serverVersion.minor)
# appArmorProfile is a field of 1.30; before, it is unknown, and the node has no profiles.
validate=true
[ "${server%+}" -ge 30 ] || validate=false
manifest "$manifests/overlays/enforce" >"$work/enforce" || fail 'kustomize'
# Its own policy is about the node's memory: this one, beside it, about these pods.
sed -i '/^      - name: node-low-memory/i\      - {name: hogs, match: {namespace: test, pod: hog}, when: {used: 60%}, actions: [kill]}' "$work/enforce"
kubectl apply --validate=$validate -f - <"$work/enforce" >/dev/null || fail 'apply'
rolled_out 90 >/dev/null || fail 'the enforcing daemon is not ready'
enforcing() { snapshot | ask '.host.guard.mode == "enforce" and .host.guard.policies == 2'; }
wait_for 20 enforcing || { snapshot | jq .host.guard >&2; exec_in daemon headroom status >&2; fail 'it does not enforce'; }
since=$(mark)
pod_create hog Never app 64Mi 'sleep 4; exec /bin/workload leak 8388608'
acted() { event_after "$since" '.type == "action" and .action == "kill" and .pod == "hog" and .result.ok' >"$work/action"; }
wait_for 60 acted || { cli events | tail -n 20 >&2; fail 'hog was not ended'; }
ended() { pod_status hog | ask '.containerStatuses[0].state.terminated'; }
wait_for 20 ended || fail 'hog runs on'
pod_status hog | jq '.containerStatuses[0].state.terminated' | expect '.exitCode == 137 and .reason != "OOMKilled"' 'not by the kernel'
posted() { kubectl -n test get events -o json | ask '[.items[] | select(.source.component == "headroom" and .reason == "MemoryAction" and .involvedObject.name == "hog")] | length >= 1'; }
wait_for 20 posted || { kubectl -n test get events >&2; fail 'no Kubernetes event of the action'; }
kubectl -n test get events -o json | jq -r '.items[] | select(.reason == "MemoryAction") | .message'
pod_create meek Never app 48Mi 'sleep 3; exec tail /dev/zero'
killed() { event_after "$since" '.type == "oom_kill" and .victim.pod == "meek"'; }
wait_for 60 killed || fail 'the other pod was not left to the kernel'
cli events --json | jq -c "select(.seq > $since and .type == \"action\" and .pod == \"meek\")" >"$work/meek"
[ ! -s "$work/meek" ] || { cat "$work/meek" >&2; fail 'an action on the other pod'; }
pod_delete hog meek
