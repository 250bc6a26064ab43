# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A group comes and goes, and both are told. What is gone still stands in ls --all, with its figures.
. "$(dirname "$0")/lib.sh"

since=$(mark)
group_make brief 33554432 || fail 'cannot make a group'
prey brief sleep 600 &
wait_for 3 seen brief || fail 'a new group is not listed within three seconds'
told() { event_after "$since" ".type == \"container\" and .cgroup == \"$ours/brief\" and .what == \"$1\""; }
wait_for 3 told appeared || fail 'its coming was not told'
group_remove brief || fail 'cannot remove the group'
wait_for 3 told gone || fail 'its going was not told'
snapshot | jq "$(entry brief)" | expect '.state == "gone" and .gone_at != null'
face ls --json | jq -e "$(entry brief)" >/dev/null && fail 'what is gone must not stand in plain ls'
exit 0
