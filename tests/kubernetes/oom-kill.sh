# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The kernel OOM-kills a container: one event that names pod and container, as the kubelet and the kernel have it, and a Kubernetes
# event at that container. One of several processes, too.
. "$(dirname "$0")/lib.inc"

judge() { # pod, container
	killed() { event_after "$since" ".type == \"oom_kill\" and .victim.pod == \"$1\"" >"$work/kill"; }
	wait_for 60 killed "$1" || { cli events | tail -n 20 >&2; pod_status "$1" >&2; fail "no event for $1"; }
	# On cgroup v1 containerd may lose the race with the end of the container: the reason is then "Error".
	ended() { pod_status "$1" | ask '.containerStatuses[0].state.terminated | .exitCode == 137 and (.reason | IN("OOMKilled", "Error"))'; }
	wait_for 20 ended "$1" || { pod_status "$1" >&2; fail "the kubelet does not know of the end of $1"; }
	expect ".victim.namespace == \"test\" and .victim.container == \"$2\" and .limit.level == \"own\"" <"$work/kill"
	cli events --json | jq -s "map(select(.seq > $since and .type == \"oom_kill\" and .victim.pod == \"$1\")) | length" | expect '. == 1' 'one event'
	snapshot | jq ".containers[] | $(of_pod "$1")" | expect '.oom_kills_total == 1 and .restarts == 0'
	no_alarm_of_the_pod "$1"
}
# The danger is the container's: the pod, or what is left of it, raises none.
no_alarm_of_the_pod() {
	sweeps 3
	cli events --json | jq -c "select(.seq > $since and .type == \"risk\" and .pod == \"$1\" and .container == null)" >"$work/wrong"
	[ ! -s "$work/wrong" ] || { cat "$work/wrong" >&2; fail 'an alarm of the pod'; }
}
kubernetes_event() { # pod, container
	posted() {
		kubectl -n test get events -o json | jq -c ".items[] | select(.source.component == \"headroom\" and .reason == \"MemoryOOMKill\" and .involvedObject.name == \"$1\")" >"$work/posted"
		[ -s "$work/posted" ]
	}
	wait_for 20 posted "$1" || { kubectl -n test get events >&2; exec_in exporter headroom export --check >&2; fail "no Kubernetes event for $1"; }
	jq -s . "$work/posted" | expect "length == 1 and (.[0] | .involvedObject.fieldPath == \"spec.containers{$2}\" and .type == \"Warning\")"
	jq -s '.[0].message' "$work/posted" | expect 'test("  ") | not' 'no padding'
	jq -s '.[0].message' "$work/posted" | expect 'test("/kubepods|pod[0-9a-f]{8}-") | not' 'no path'
}

since=$(mark)
pod_create leak Never app 32Mi 'sleep 3; exec tail /dev/zero'
judge leak app
kubernetes_event leak app
since=$(mark)
pod_create five Never workers 64Mi 'sleep 600 & sleep 600 & sleep 600 & sleep 600 & sleep 3; exec tail /dev/zero'
judge five workers
kubernetes_event five workers
kubectl -n test get events --field-selector involvedObject.name=five -o json |
	jq -r '.items[] | select(.source.component == "headroom") | "\(.reason): \(.message)"'
kubectl get node node-1 -o json | jq '.status.conditions[] | select(.type == "MemoryForecast")' |
	expect '.status | IN("True", "False")' 'the condition of the node'
pod_delete leak five
