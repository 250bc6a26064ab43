# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A group reaches its own limit: within a second the event is there, whole.
. "$(dirname "$0")/lib.sh"

limit=52428800
group_make leak $limit || fail 'cannot make a group'
since=$(mark)
in_group leak sleep 600 &
wait_for 5 seen leak || fail 'the group is not listed'
sweeps 2
in_group leak tail /dev/zero
died=$(now)
wait_for 1 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/leak\"" ||
	fail 'no oom_kill event within a second'
echo "known within $(($(now) - died))0 ms"
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/leak\"" >"$work/event"

expect '.severity == "critical" and .seq > 0' <"$work/event"
expect '.trigger.comm == "tail" and .victim.comm == "tail" and .trigger.pid == .victim.pid' <"$work/event"
expect '.victim.anon_bytes > 40000000 and .victim.anon_bytes <= 52428800' 'the victim, not the limit' <"$work/event"
expect '.victim | .file_bytes != null and .shmem_bytes != null and .swap_bytes == 0 and .pgtables_bytes > 0' <"$work/event"
expect '.victim.uid == 0 and .victim.oom_score_adj == 0 and .victim.started != null' <"$work/event"
expect ".limit.level == \"own\" and .limit.cgroup == \"$ours/leak\" and .limit.max_bytes == $limit" <"$work/event"
expect '.constraint == "memcg" and .order == 0 and .gfp != null' <"$work/event"
expect '.history | length > 0 and all(.[]; .time != null and .usage_bytes != null)' 'samples before it' <"$work/event"

# Counted once, by the board and by the kernel alike.
counted() { snapshot | ask "$(entry leak) | select(.oom_kills_total == 1)"; }
wait_for 3 counted || snapshot | jq "$(entry leak)" | expect '.oom_kills_total == 1'
[ "$(cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and .victim.cgroup == \"$ours/leak\")" |
	wc -l)" = 1 ] || fail 'one kill must be one event'

# The kill outlives its group.
group_remove leak
gone() { snapshot | ask "$(entry leak) | select(.state == \"gone\" and .oom_kills_total == 1)"; }
wait_for 3 gone || snapshot | jq "$(entry leak)" | expect '.state == "gone" and .oom_kills_total == 1'
