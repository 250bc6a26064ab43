# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same leaks at their own pace, as series: what needs hours is judged in a moment, by the code that runs live. A service that
# holds 150 MiB for half an hour, then leaks into its limit of 512 MiB within 22 minutes: warned of five minutes before its end at
# the latest, confirmed as a leak, asked to end in time; started again, it leaks again, which is confirmed long before its end. And
# one of 100 MB an hour into 4 GiB: confirmed, reported once, never ended.
. tests/scenarios/lib.sh
is_headroom || skip 'only headroom reads a series'
head() { echo t_seconds,used_bytes,limit_bytes,anon_bytes,restarts; }
# begin, seconds, every, steady for, from and growth per hour (bytes), noise (MiB), limit (MiB), restarts
series() {
	awk -v t0="$1" -v n="$2" -v step="$3" -v calm="$4" -v from="$5" -v hour="$6" -v noise="$7" -v limit="$8" -v start="$9" 'BEGIN {
		srand(4 + start)
		for (t = 0; t < n; t += step) {
			used = from + hour * (t > calm ? t - calm : 0) / 3600 + (rand() - 0.5) * noise * 1048576
			printf "%d,%.0f,%.0f,%.0f,%d\n", t0 + t, used, limit * 1048576, 0.95 * used, start
		}
	}'
}
decided() { "$build/headroom" policy test "$policy" --replay "$1" --name "$2" --json >"$work/$2.json" || fail "cannot replay $1"; }
first() { # series, policy, action, not before
	jq -s -r "map(select(.policy == \"$2\" and .action == \"$3\" and .t_seconds >= ${4:-0})) | .[0].t_seconds // \"never\"" "$work/$1.json"
}
confirmed_from() { # series, not before: whatever the policies report, which is once a day
	"$build/headroom" replay "$work/$1.csv" --json |
		jq -s -r "map(select(.t_seconds >= $2 and (.leak.state == \"confirmed\" or .leak.state == \"exhausting\"))) | .[0].t_seconds // \"never\""
}
by() { awk -v t="$1" -v most="$2" 'BEGIN { exit !(t != "never" && t + 0 <= most) }'; }

# The limit would be met after 3120 s; a minute before it has ended, and the next one leaks after eight minutes: 4860 s.
begin=3060
{ head && series 0 $begin 5 1800 157286400 1035212488 4 512 0 && series $begin 1800 5 480 157286400 1035212488 4 512 1; } >"$work/fast.csv"
{ head && series 0 36000 10 0 629145600 100000000 20 4096 0; } >"$work/slow.csv"
decided "$work/fast.csv" fast
decided "$work/slow.csv" slow
note fast_suspected_s "$(first fast leaks notify)"
note fast_warned_s "$(first fast runs-out notify)"
note fast_confirmed_s "$(first fast leak-for-certain notify)"
note fast_term_s "$(first fast ends term)"
again=$(confirmed_from fast $begin)
note again_confirmed_s "$again"
note again_term_s "$(first fast ends term $begin)"
note slow_confirmed_s "$(first slow leak-for-certain notify)"
ended() { jq -s 'map(select(.action == "term" or .action == "kill")) | length' "$work/$1.json"; }
note slow_ended "$(ended slow)"
promise 'the fast one is warned of five minutes before its end' by "$(first fast runs-out notify)" 2820
promise 'it is confirmed a minute before its end' by "$(first fast leak-for-certain notify)" 3060
promise 'it is asked to end a minute before' by "$(first fast ends term)" 3060
promise 'the restarted one is confirmed ten minutes before its end' by "$again" 4260
promise 'the restarted one is asked to end a minute before' by "$(first fast ends term $begin)" 4800
promise 'the slow one is confirmed' [ "$(first slow leak-for-certain notify)" != never ]
promise 'the slow one is never ended' [ "$(ended slow)" = 0 ]
echo "$row"
