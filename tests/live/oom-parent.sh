# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Nested groups: the child has room, its parent has not. The parent's limit is to blame, and was said to bind before.
. "$(dirname "$0")/lib.sh"

limit=41943040
group_make pod $limit && group_make pod/app 209715200 || fail 'cannot make the groups'
since=$(mark)
in_group pod/app sleep 600 &
binds() { snapshot | ask "$(entry pod/app) | select(.binding.level == \"ancestor\" and .binding.cgroup == \"$ours/pod\" and
	.binding.limit_bytes == $limit and .limit_bytes == 209715200)"; }
wait_for 5 binds || snapshot | jq "$(entry pod/app)" | expect '.binding.level == "ancestor"'
in_group pod/app tail /dev/zero
wait_for 1 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/pod/app\"" ||
	fail 'no oom_kill event within a second'
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/pod/app\"" >"$work/event"
expect ".limit.level == \"ancestor\" and .limit.cgroup == \"$ours/pod\" and .limit.max_bytes == $limit" <"$work/event"
expect '.victim.comm == "tail"' <"$work/event"
