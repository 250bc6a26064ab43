# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Without BPF: said in so many words, and memory is still listed, from the cgroup files; a kill is still counted.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own
HEADROOM_NO_BPF=1 daemon_start || fail 'the daemon does not start without BPF'
group_make plain 33554432 || fail 'cannot make a group'
in_group plain sleep 600 &
wait_for 5 seen plain || fail 'the group is not listed'
# It may be listed before its first page is charged.
charged() { snapshot | ask "$(entry plain) | select(.usage_bytes > 0)"; }
wait_for 5 charged || fail 'the group uses nothing'
snapshot | jq "$(entry plain)" | expect '.usage_bytes > 0 and .limit_bytes == 33554432 and .headroom_bytes > 0'
snapshot | expect '.host.guard.sources | length > 0 and (tostring | test("file|pread|none"))'
in_group plain tail /dev/zero
counted() { snapshot | ask "$(entry plain) | select(.oom_kills_total == 1)"; }
wait_for 5 counted || snapshot | jq "$(entry plain)" | expect '.oom_kills_total == 1'
