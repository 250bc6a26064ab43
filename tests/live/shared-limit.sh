# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A parent that runs out of memory endangers its children: all of them show the forecast and the parent's limit; but there is one
# event, the parent's, and none for each child.
. "$(dirname "$0")/lib.sh"

limit=52428800 rate=1048576
group_make pod $limit || fail 'cannot make the parent'
for name in leaky calm idle; do group_make pod/$name 536870912 || fail 'cannot make the groups'; done
in_group pod/calm "$workload" hold 4MiB &
in_group pod/idle sleep 600 &
wait_for 5 seen pod/calm || fail 'the groups are not listed'
since=$(mark)
in_group pod/leaky "$workload" leak $rate &

# All three in one snapshot: the warning may stand for a few seconds only.
shared() {
	snapshot >"$work/shared" && ask "[.containers[] | select(.cgroup | startswith(\"$ours/pod/\")) | select(.alarm != \"none\" and
		.risk >= 50 and .oom_in_seconds.p50 != null and .binding.level == \"ancestor\" and .binding.cgroup == \"$ours/pod\")] |
		length == 3" <"$work/shared"
}
wait_for 90 shared || fail 'the children do not share their parent'"'"'s danger'
ask "$(entry pod/idle)" <"$work/shared" | expect '.reasons[0].text | contains("parent limit")' 'it names the limit'
ask "$(entry pod/calm)" <"$work/shared" | expect '.drift_bytes_per_second < 500000' 'the trend stays its own'
cli explain "cgroup:$ours/pod/idle" >"$work/words" || fail 'nothing to explain'
grep -q "parent limit 50 MiB ($ours/pod)" "$work/words" || fail "$(cat "$work/words")"

wait_for 60 event_after "$since" ".type == \"oom_kill\" and .limit.cgroup == \"$ours/pod\"" >"$work/kill" ||
	fail 'the parent was never full'
event_after "$since" ".type == \"oom_kill\" and .limit.cgroup == \"$ours/pod\"" |
	expect '.forecast.warned_seconds_before > 0' 'the victim had been warned of by its parent'
quiet() { snapshot | ask "$(entry pod/idle) | select(.alarm == \"none\")"; }
wait_for 90 quiet || snapshot | jq "$(entry pod/idle)" | expect '.alarm == "none"' 'over when it is over'
risk=".cgroup == \"$ours/pod\" and .from == \"none\""
cli events --json | jq -c "select(.seq > $since and .type == \"risk\")" >"$work/events"
ask "select(.cgroup // \"\" | startswith(\"$ours/pod/\"))" <"$work/events" && fail 'an event for a child'
[ "$(jq -c "select($risk)" "$work/events" | wc -l)" = 1 ] || fail "more than one event: $(cat "$work/events")"
