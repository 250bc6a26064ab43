# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# memory.oom.group: one OOM takes every process of the group, and each is an event.
. "$(dirname "$0")/lib.sh"

[ $v = 2 ] || skip 'memory.oom.group is cgroup v2 only'
group_make crew 52428800 || fail 'cannot make a group'
echo 1 >"$(group_dir crew)/memory.oom.group"
since=$(mark)
in_group crew sleep 600 &
in_group crew sleep 600 &
in_group crew tail /dev/zero
victims() { cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and .cgroup == \"$ours/crew\")"; }
three() { [ "$(victims | wc -l)" = 3 ]; }
wait_for 2 three || { victims >&2 && fail 'three victims were expected'; }
[ "$(victims | jq .victim.pid | sort -u | wc -l)" = 3 ] || { victims >&2 && fail 'one victim was reported twice'; }
# 5.10 does not count group kills.
met='(.events.oom_group_kill | . == 1 or . == null) and .oom_kills_total >= 3'
counted() { snapshot | ask "$(entry crew) | select($met)"; }
wait_for 3 counted || snapshot | jq "$(entry crew)" | expect "$met"
# The kernel counts the chosen process twice; that must not become a fourth event.
sweeps 4
three || { victims >&2 && fail 'more events than victims'; }
