# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# v1 with oom_kill_disable: no process is killed, all of them stop, and that is an event of its own.
. "$(dirname "$0")/lib.sh"

[ $v = 1 ] || skip 'oom_kill_disable is cgroup v1 only'
group_make stuck 52428800 || fail 'cannot make a group'
echo 1 >"$(group_dir stuck)/memory.oom_control" || fail 'cannot disable the OOM killer'
since=$(mark)
in_group stuck tail /dev/zero &
hung() { grep -q '^under_oom 1' "$(group_dir stuck)/memory.oom_control"; }
wait_for 5 hung || fail 'the group did not hang'
of_it='.type == "pressure" and .cgroup == "'$ours'/stuck"'
wait_for 3 event_after "$since" "$of_it" || fail 'no pressure event for the hanging group'
event_after "$since" "$of_it" | expect '.what == "under_oom"'
# Raising the limit lets it go on, which is an event, too.
echo 0 >"$(group_dir stuck)/memory.oom_control"
left() { cli events --json | ask "select(.seq > $since and $of_it and .what == \"under_oom_left\")"; }
wait_for 5 left || fail 'no event about the end of the hang'
