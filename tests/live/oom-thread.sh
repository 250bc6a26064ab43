# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A thread that is not the first of its process meets the limit: the event names process and thread.
. "$(dirname "$0")/lib.sh"

group_make threads 52428800 || fail 'cannot make a group'
since=$(mark)
in_group threads "$workload" thread-leak
wait_for 1 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/threads\"" ||
	fail 'no oom_kill event within a second'
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/threads\"" >"$work/event"
expect '.trigger.pid == .victim.pid and .trigger.tid != .trigger.pid' <"$work/event"
expect '.victim.anon_bytes > 40000000' <"$work/event"
