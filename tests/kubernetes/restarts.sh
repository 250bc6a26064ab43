# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container that is OOM-killed and started again by the kubelet, three times: kills and restarts as the kubelet counts
# them.
. "$(dirname "$0")/lib.inc"

since=$(mark)
pod_create again Always app 32Mi 'sleep 2; exec tail /dev/zero'
restarted() { pod_status again | ask '.containerStatuses[0].restartCount >= 3'; }
wait_for 150 restarted || { pod_status again >&2; fail 'not restarted three times'; }
# The fourth run ends by OOM as well: compare while the kubelet waits, with both of one moment.
same() {
	pod_status again >"$work/status"
	ask '.containerStatuses[0].state.waiting.reason == "CrashLoopBackOff"' <"$work/status" || return
	cli ls --all --json | jq -c "[.containers[] | $(of_pod again) | {state, restarts, oom_kills_total}]" >"$work/ours"
	jq -s '(.[0].containerStatuses[0].restartCount) as $n | .[1] | (map(.restarts) | max) == $n and (map(.oom_kills_total) | max) == $n + 1' \
		"$work/status" "$work/ours" | ask .
}
wait_for 60 same || { pod_status again | jq -c .containerStatuses >&2; cat "$work/ours" >&2; cli events >&2; fail 'not what the kubelet counts'; }
echo "kubelet: $(jq .containerStatuses[0].restartCount "$work/status") restarts; headroom: $(cat "$work/ours")"
[ "$(cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and .victim.pod == \"again\")" | wc -l)" -ge 4 ] || fail 'kills without an event'
pod_delete again
