# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# memory.oom.group: one OOM takes every process of the group, and each is told.
. "$(dirname "$0")/lib.sh"

[ $v = 2 ] || skip 'memory.oom.group is cgroup v2 only'
group_make crew 52428800 || fail 'cannot make a group'
echo 1 >"$(group_dir crew)/memory.oom.group"
since=$(mark)
prey crew sleep 600 &
prey crew sleep 600 &
prey crew tail /dev/zero
three() { [ "$(face events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and
	.victim.cgroup == \"$ours/crew\")" | wc -l)" = 3 ]; }
wait_for 2 three || fail "three victims were expected: $(face events --json | jq -c "select(.seq > $since) |
	[.type, .victim.comm, .victim.cgroup]")"
wait_for 3 eval 'snapshot | ask "$(entry crew) | select(.events.oom_group_kill == 1 and .oom_kills_total == 3)"' ||
	snapshot | jq "$(entry crew)" | expect '.events.oom_group_kill == 1 and .oom_kills_total == 3'
