# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A group comes, fills, empties and goes: the listing follows within seconds, and an empty group stands in --all only.
. "$(dirname "$0")/lib.sh"

group_make brief 33554432 || fail 'cannot make a group'
wait_for 5 seen brief || fail 'a new group is not listed with --all within five seconds'
plain() { cli ls --json | ask "$(entry brief)"; }
plain >/dev/null && fail 'an empty group must not stand in plain ls'
in_group brief sleep 600 &
wait_for 5 plain || fail 'a group with a process is not listed within five seconds'
counted() { snapshot | ask "$(entry brief) | select(.pids == 1)"; }
wait_for 8 counted || fail 'its process is not counted'
snapshot | jq "$(entry brief)" | expect '.limit_bytes == 33554432'
group_remove brief || fail 'cannot remove the group'
left() { ! plain && ! seen brief; }
wait_for 5 left || fail 'a group that is gone is still listed as running'
