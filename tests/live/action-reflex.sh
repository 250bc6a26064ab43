# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Too fast for user space: a hog fills its limit at full speed, and the reflex kills it before the kernel's OOM killer would.
# Each kill is an event, the neighbour survives, and a policy that is gone kills nothing more.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make hog 134217728 && group_make calm 134217728 || fail 'cannot make groups'
rules() {
	cat <<E
mode: $1
interval: 500ms
rate_limit: {kills: 100, per: 1m}
policies:
  - name: fast
    match: {cgroup: "$ours/hog"}
    when: {usage: 75%}
    actions: [reflex, kill]
    cooldown: 0s
E
}
rules enforce >"$work/config"
daemon_on
workload_start calm hold 48M
calm=$workload_pid
rounds=5
[ $slow -lt 10 ] || rounds=2
i=0
while [ $i -lt $rounds ]; do
	i=$((i + 1))
	since=$(mark)
	workload_start hog burst 1G $((2 * slow))s
	wait_for 20 ended "$workload_pid" || fail "the hog still runs (round $i)"
	if [ $v = 1 ]; then kills=$(awk '$1 == "oom_kill" { print $2 }' "$(group_dir hog)/memory.oom_control"); else
		kills=$(awk '$1 == "oom_kill" { print $2 }' "$(group_dir hog)/memory.events")
	fi
	[ "$kills" = 0 ] || fail "the kernel's OOM killer came first (round $i)"
	acted_by() { event_after "$since" '.type == "action" and (.action | IN("reflex", "kill")) and .result.status == "done"'; }
	wait_for 5 acted_by || fail "no action event (round $i)"
	no_kernel_oom
	sweeps 2
done
alive "$calm" || fail 'the neighbour was killed'
acted_by | jq -r .action

# In observe mode nothing is armed: the kernel's OOM killer ends the hog.
rules observe >"$work/config"
reload configuration_loaded
since=$(mark)
workload_start hog burst 1G $((2 * slow))s
wait_for 20 ended "$workload_pid" || fail 'the hog still runs'
came() { event_after "$since" ".type == \"oom_kill\" and .cgroup == \"$ours/hog\""; }
wait_for 5 came || fail 'no OOM kill by the kernel in observe mode'
no_action 'true'
kill "$calm"
