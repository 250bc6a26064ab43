# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A host that starts in 1970 and learns the time from NTP, later loses it again, and is put right. Nothing fires, nothing is
# lost, and no text counts the years in between. In a VM, since it sets the clock.
. "$(dirname "$0")/lib.sh"

[ -n "${HEADROOM_VM:-}" ] || skip 'the clock is set in a VM only'
today=1800000000
# The kernel refuses a time of day below its uptime (timekeeping.c, do_settimeofday64()), and busybox's date prints that and
# returns 0: so the first time lies after the uptime, and the clock is read after each setting.
read -r up _ </proc/uptime
early=$((${up%.*} + 90))
clock_set() { # seconds since 1970
	date -s "@$1" >/dev/null
	[ $(($(date +%s) - $1)) -le 5 ] && [ $(($1 - $(date +%s))) -le 0 ]
}
export HEADROOM_HISTORY=$work/history.db
BOARD=$work/board
recorder=
scenario_clean_up() { [ -z "$recorder" ] || kill "$recorder" 2>/dev/null; }

clock_set $early || skip 'the clock cannot be set'
cat >"$work/policy.yaml" <<'Y'
mode: dry-run
policies:
  - name: age
    match: {cgroup: "*/held"}
    when: {usage: 1MiB, age: 1h}
    actions: [notify]
  - name: hold
    match: {cgroup: "*/held"}
    when: {usage: 1MiB, for: 1h}
    actions: [notify]
Y
daemon_start --config "$work/policy.yaml" || fail 'the daemon does not start'
"$build/headroom" recorder --board "$BOARD" --interval 2s >"$work/recorder.log" 2>&1 &
recorder=$!
group_make held || fail 'cannot make a group'
in_group held "$workload" hold 8M >/dev/null &
group_make killed 16777216 || fail 'cannot make a group'
in_group killed tail /dev/zero
killed='.type == "oom_kill" and (.victim.cgroup | endswith("/killed"))'
wait_for 5 event_after 0 "$killed" || fail 'no oom_kill event'
group_remove killed
wait_for 5 seen held || fail 'the group is not listed'
sweeps 3
actions() { cli events --json | jq -s '[.[] | select(.type == "action" or .type == "risk")] | length'; }
actions_before=$(actions)

# All times within an hour before now, and no age above that.
by_the_clock() { # seconds of now
	printf 'the clock says @%s\n' "$1"
	sweeps 1
	snapshot >"$work/now"
	expect '[.. | strings | select(test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T"))] | length > 4' 'times' <"$work/now"
	expect "[.. | strings | select(test(\"^[0-9]{4}-[0-9]{2}-[0-9]{2}T\")) | sub(\"\\\\.[0-9]+Z\"; \"Z\") | fromdate |
		select(. < $1 - 3600 or . > $1 + 600)] == []" "times near @$1" <"$work/now"
	expect '.host.guard.uptime_seconds < 3600' <"$work/now"
	cli events --json | jq -s . >"$work/events"
	expect "[.[] | .time | sub(\"\\\\.[0-9]+Z\"; \"Z\") | fromdate | select(. < $1 - 3600 or . > $1 + 600)] == []" \
		"times of events near @$1" <"$work/events"
	expect 'map(.seq) as $seq | $seq == ($seq | sort)' <"$work/events"
	event_of_killed <"$work/events" || fail 'the OOM kill is lost'
	cli events --since -1h --json | event_of_killed || fail 'the OOM kill is not within the last hour'
	expect "[.[] | select(.type == \"action\" or .type == \"risk\")] | length == $actions_before" 'nothing fires' <"$work/events"
}
event_of_killed() { ask "if type == \"array\" then .[] else . end | select($killed)" >/dev/null; }

by_the_clock $early
step() { clock_set "$1" || fail "the clock is not at @$1 but at @$(date +%s)"; }
step $today
by_the_clock $today
step $((early + 210))
by_the_clock $((early + 210))
step $((today + 60))
by_the_clock $((today + 60))

# What was recorded in 1970 is found at its time, too.
in_store() { "$build/headroom" events --since -1h --json --history "$HEADROOM_HISTORY" --board /nonexistent 2>"$work/err" | event_of_killed; }
wait_for 20 in_store || { cat "$work/err" "$work/recorder.log" >&2 && fail 'the recorder lost the OOM kill'; }
kill -0 "$recorder" || fail 'the recorder ended'
# And a new daemon takes the board over.
last=$(mark)
daemon_stop
daemon_start --config "$work/policy.yaml" || fail 'the daemon does not start again'
[ "$(mark)" -gt "$last" ] || fail 'the new daemon did not take the board over'
by_the_clock $((today + 60))
for text in events ls 'explain host' 'report latest'; do
	# shellcheck disable=SC2086 # words
	cli $text >"$work/text" 2>&1
	! grep -E '[0-9]{4,} ?d|1970-' "$work/text" || fail "'$text' counts from 1970"
done
