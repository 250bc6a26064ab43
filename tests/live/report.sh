# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A group is OOM-killed at its own limit: the report of it, from the board alone, names trigger, victim and limit, in every format.
. "$(dirname "$0")/lib.sh"
need jq

limit=52428800
group_make reported $limit || fail 'cannot make a group'
since=$(mark)
in_group reported sleep 600 &
wait_for 5 seen reported || fail 'the group is not listed'
sweeps 3
in_group reported tail /dev/zero
wait_for 1 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/reported\"" ||
	fail 'no oom_kill event within a second'
outcome() { event_after "$since" ".type == \"outcome\" and .cgroup == \"$ours/reported\""; }
wait_for 5 outcome || fail 'no outcome'

# The list has one line of it; its id and its name both lead to it.
cli report >"$work/list" || fail 'report failed'
[ "$(grep -c -- "OOM kill .*reported " "$work/list")" = 1 ] || { cat "$work/list" >&2 && fail 'one line of it'; }
id=$(sed -n "s/^\([^ ]*\) .*OOM kill .*reported .*/\1/p" "$work/list")
for which in "$id" reported; do
	cli report "$which" --format json >"$work/report.json" || fail "report $which failed"
	expect ".schema == \"headroom.report/2\" and .incident.id == \"$id\" and .incident.kind == \"oom_kill\"" <"$work/report.json"
done
expect '.victim.comm == "tail" and .trigger.comm == "tail" and .victim.anon_bytes > 40000000' <"$work/report.json"
expect ".limit.level == \"own\" and .limit.max_bytes == $limit and .limit.cgroup == \"$ours/reported\"" <"$work/report.json"
expect '.outcome.freed_bytes > 40000000' <"$work/report.json"
expect '.series.points | length > 2 and (map(.time) == (map(.time) | sort))' 'samples before it, in order' <"$work/report.json"
expect '[.factors[].factor] | index("anonymous")' <"$work/report.json"
expect '.recommendation.verdict == "too_little_history" and .recommendation.limit_bytes == null' <"$work/report.json"
expect '[.timeline[].mark] | index("kill")' <"$work/report.json"

cli report "$id" | grep -q 'cgroup limit 50 MiB' || fail 'the Markdown names the limit'
cli report "$id" --format html --output "$work/report.html" || fail 'no HTML'
grep -q '</html>' "$work/report.html" && grep -q 'tail' "$work/report.html" || fail 'the HTML is whole'

# The commands do not contradict each other on a real kill.
PATH=$build:$PATH tests/golden/agree "$BOARD" "$id" || fail 'the commands contradict each other'
