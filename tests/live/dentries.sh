# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Negative directory entries fill a container's limit (health checks, `du`): the kernel reclaims them there, and nothing is in danger. No alarm
# `act` and no action of an enforcing daemon, though the limit is hit again and again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/disk.inc"

seconds=${HEADROOM_SECONDS:-25}
[ -z "${HEADROOM_VM:-}" ] || seconds=60
# The names fill what anonymous memory leaves. That stands before the daemon starts, since its own rise may well look dangerous. Not more of it: on v1
# (6.18) the kernel itself OOM-killed beside 17 of 24 MiB, and beside a load in 2 of 6 runs with 8; in 0 of 9 with 2 or 4.
held=8MiB
[ $v = 2 ] || held=4MiB
group_make names $((24 << 20)) || fail 'cannot make a group'
in_group names "$workload" hold "${HEADROOM_HELD:-$held}" >"$work/held" &
wait_for 10 grep -q ready "$work/held" || fail 'the memory is not held'
daemon_that_ends
since=$(mark)
empty=$disk/headroom-empty-$$
mkdir "$empty" && scenario_clean_up() { rmdir "$empty"; }
in_group names "$workload" --for ${seconds}s names "$empty" 20000 >/dev/null || ended=1
sweeps 1
no_kernel_oom
[ -z "${ended:-}" ] || fail 'it was ended'
no_action 'true'
event_after "$since" ".type == \"risk\" and .to == \"act\" and .cgroup == \"$ours/names\"" && fail 'an alarm where nothing was in danger'
hits=$(snapshot | jq "$(entry names) | .events.max // 0")
echo "the limit was hit $hits times"
[ "${hits:-0}" -gt 0 ] || fail 'the limit was never hit: nothing was tested'
