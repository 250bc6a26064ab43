# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A victim that was swapped out in part: its swap and its anonymous memory are separate figures.
. "$(dirname "$0")/lib.sh"

[ "$(wc -l </proc/swaps)" -gt 1 ] || skip 'this machine has no swap'
[ $v = 2 ] || skip 'memory.swap.max is cgroup v2 only'
group_make swapper 33554432 || fail 'cannot make a group'
[ -f "$(group_dir swapper)/memory.swap.max" ] || skip 'this kernel does not account swap'
echo 16777216 >"$(group_dir swapper)/memory.swap.max"
since=$(mark)
in_group swapper tail /dev/zero
wait_for 1 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/swapper\"" ||
	fail 'no oom_kill event within a second'
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/swapper\"" |
	expect '.victim.swap_bytes > 8000000 and .victim.swap_bytes <= 16777216 and .limit.level == "own"'
