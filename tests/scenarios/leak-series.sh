# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same leaks at their own pace, as series: what needs hours is judged in a moment, by the code that runs live. A service that
# leaks from 150 MiB into its limit of 512 MiB within 22 minutes: named a leak, warned of five minutes before its end at the
# latest, asked to end in time. And one of 100 MB an hour into 4 GiB: confirmed, reported once, never ended.
. tests/scenarios/lib.sh
is_headroom || skip 'nobody else looks at a series'
series() { # seconds, every, from and growth per hour (bytes), noise (MiB), limit (MiB)
	awk -v n="$1" -v step="$2" -v from="$3" -v hour="$4" -v noise="$5" -v limit="$6" 'BEGIN {
		srand(4)
		print "t_seconds,used_bytes,limit_bytes,anon_bytes"
		for (t = 0; t < n; t += step) {
			used = from + hour * t / 3600 + (rand() - 0.5) * noise * 1048576
			printf "%d,%.0f,%.0f,%.0f\n", t, used, limit * 1048576, 0.95 * used
		}
	}'
}
decided() { "$build/headroom" policy test "$policy" --replay "$1" --name "$2" --json >"$work/$2.json" || fail "cannot replay $1"; }
first() { jq -s -r "map(select(.policy == \"$2\" and .rung == \"$3\")) | .[0].t_seconds // \"never\"" "$work/$1.json"; }

series 1320 5 157286400 1035212488 4 512 >"$work/fast.csv"
series 36000 10 629145600 100000000 20 4096 >"$work/slow.csv"
decided "$work/fast.csv" fast
decided "$work/slow.csv" slow
note fast_named_leak_s "$(first fast leaks notify)"
note fast_warned_s "$(first fast runs-out notify)"
note fast_term_s "$(first fast ends term)"
note slow_confirmed_s "$(first slow leak-for-certain notify)"
ended() { jq -s 'map(select(.rung == "term" or .rung == "kill")) | length' "$work/$1.json"; }
note slow_ended "$(ended slow)"
promise 'the fast one is warned of five minutes before its end' [ "$(first fast runs-out notify | cut -d . -f 1)" -le 1020 ]
promise 'it is asked to end a minute before' [ "$(first fast ends term | cut -d . -f 1)" -le 1260 ]
promise 'the slow one is confirmed' [ "$(first slow leak-for-certain notify)" != never ]
promise 'the slow one is never ended' [ "$(ended slow)" = 0 ]
echo "$row"
