# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The kubelet evicts a pod (more in a memory-backed emptyDir than it may hold): headroom reports no OOM kill and no action of its own,
# and lists the pod no longer.
. "$(dirname "$0")/lib.inc"

since=$(mark)
pod_write evicted Never app 96Mi 'sleep 3; head -c 30000000 /dev/zero >/scratch/file; sleep 600'
jq '.spec.volumes = [{name: "scratch", emptyDir: {medium: "Memory", sizeLimit: "16Mi"}}]
	| .spec.containers[0].volumeMounts = [{name: "scratch", mountPath: "/scratch"}]' "$work/pod" >"$work/evicted"
apply "$work/evicted" >/dev/null || fail 'apply'
running() { snapshot | ask ".containers[] | $(of_pod evicted) | select(.state == \"running\" and .usage_bytes > 25000000)"; }
wait_for 60 running || { pod_status evicted >&2; fail 'the pod is not seen with its tmpfs'; }
running | expect '.shmem_bytes > 25000000' 'its tmpfs is shmem'
evicted() { pod_status evicted | ask '.reason == "Evicted"'; }
wait_for 150 evicted || { pod_status evicted >&2; fail 'the kubelet does not evict it'; }
gone() { snapshot | ask "[.containers[] | $(of_pod evicted) | select(.state == \"running\")] == []"; }
wait_for 60 gone || fail 'listed as running'
cli events --json | jq -c "select(.seq > $since and (.type | IN(\"oom_kill\", \"action\")) and ([.pod, .victim.pod, .target.pod] | index(\"evicted\")))" >"$work/wrong"
[ ! -s "$work/wrong" ] || { cat "$work/wrong" >&2; fail 'an OOM kill or an action'; }
pod_status evicted | jq -r .message
pod_delete evicted
