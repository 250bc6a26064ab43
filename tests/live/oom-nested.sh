# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A process many levels below the limit that it reaches: the event names the cgroup with the limit, and all of the levels are listed.
. "$(dirname "$0")/lib.sh"
group_make top || fail 'cannot make groups'
daemon_start || fail 'the daemon does not start'
for depth in 8 30 100; do
	name=top/box$depth path=$(group_below "top/box$depth" $depth)
	group_make "$name" $((32 << 20)) && group_make "$path" || fail "cannot nest $depth groups"
	in_group "$path" sleep 60 & sleeper=$!
	listed() { snapshot | jq -e "[.containers[] | select(.cgroup | startswith(\"$ours/$name\")) | select(.usage_bytes != null)] | length == $((depth + 1))"; }
	wait_for 10 listed || fail "$depth levels: $(snapshot | jq "[.containers[] | select(.cgroup | startswith(\"$ours/$name\")) | select(.usage_bytes != null)] | length") are listed"
	kill $sleeper
	in_group "$path" "$workload" burst 100MiB 1ms >/dev/null 2>&1
	killed() { event_after 0 ".type == \"oom_kill\" and .cgroup == \"$ours/$path\""; }
	wait_for 10 killed || fail "$depth levels: no event"
	cli events --json | jq -c "select(.type == \"oom_kill\" and .cgroup == \"$ours/$path\") | .limit" | cut -c1-200
	limit=$(cli events --json | jq -r "select(.type == \"oom_kill\" and .cgroup == \"$ours/$path\") | .limit.cgroup")
	[ "$limit" = "$ours/$name" ] || fail "$depth levels: the limit of $limit"
done
