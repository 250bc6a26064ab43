# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The host itself runs out. Only in a VM, where nothing is lost by it.
. "$(dirname "$0")/lib.sh"

[ -n "${HEADROOM_VM:-}" ] || skip 'a global OOM is provoked in a VM only'
group_make unlimited || fail 'cannot make a group'
[ ! -f "$(group_dir unlimited)/memory.swap.max" ] || echo max >"$(group_dir unlimited)/memory.swap.max"
since=$(mark)
in_group unlimited tail /dev/zero
wait_for 2 event_after "$since" '.type == "oom_kill"' || fail 'no oom_kill event within two seconds'
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/unlimited\"" >"$work/event"
expect '.limit.level == "host" and .constraint == "none" and .victim.comm == "tail"' <"$work/event"
expect '.victim.anon_bytes > 40000000' <"$work/event"
[ "$(wc -l </proc/swaps)" = 1 ] || expect '.victim.swap_bytes > 1000000' <"$work/event"
# The daemon was not slowed into silence.
wait_for 3 cli ls --json || fail 'the daemon does not answer after a global OOM'
