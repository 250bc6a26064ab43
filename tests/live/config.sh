# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Configuration, good and bad, at start and by SIGHUP; a second daemon on the same board; a scope; daemon and supervisor
# killed together. Each refusal is one line and a status that says what kind it is.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own

refused() { # status, words that the one line must have, option…
	status=$1 words=$2
	shift 2
	"$build/headroomd" --board "$BOARD" "$@" >"$work/out" 2>&1
	got=$?
	[ $got = "$status" ] || fail "headroomd $*: status $got instead of $status: $(cat "$work/out")"
	[ "$(wc -l <"$work/out")" = 1 ] || fail "headroomd $*: one line was expected: $(cat "$work/out")"
	grep -q -e "$words" "$work/out" || fail "headroomd $*: no '$words' in: $(cat "$work/out")"
}
printf 'mode: obsrve\n' >"$work/bad"
refused 2 'bad:1:7: obsrve' --config "$work/bad"
printf 'interval: 5y\n' >"$work/bad"
refused 2 'bad:1:11: 5y' --config "$work/bad"
printf 'policies: [5]\n' >"$work/bad"
refused 2 'bad:1:12: 5: policy: expected a mapping' --config "$work/bad"
refused 2 'none' --config "$work/none"
refused 2 'expected observe, dry-run' --mode force
refused 2 'expected host, self' --scope here
refused 2 'unexpected argument' nonsense
refused 2 'unknown option' --nonsense
refused 2 'unknown option' --mode
[ ! -e "$BOARD" ] || fail 'a refused daemon leaves a board'

# By SIGHUP: a good file is taken, a bad one leaves what was, a key that is gone has its default again.
printf 'interval: 500ms\n' >"$work/config"
group_make in || fail 'cannot make a group'
daemon_start --config "$work/config" --scope "$ours/in" || fail 'the daemon does not start'
interval() { snapshot | ask ".host.guard.interval_seconds == $1"; }
wait_for 3 interval 0.5 || fail 'the interval of the file is not in force'
emitted() { event_after "$since" ".type == \"guard\" and .what == \"$1\""; }
reload() { # file's text, the event that the daemon must emit
	since=$(mark)
	printf '%b' "$1" >"$work/config"
	kill -HUP "$daemon"
	wait_for 3 emitted "$2" || fail "no event $2 after the file became '$1'"
}
reload 'interval: 200ms\n' configuration_loaded
wait_for 3 interval 0.2 || fail 'the new interval is not in force'
reload 'interval: 1\nmode: [\n' configuration_refused
interval 0.2 || fail 'a refused file has changed the interval'
reload 'mode: observe\n' configuration_loaded
wait_for 3 interval 1 || fail 'a key that is gone from the file has not its default again'

# The scope still holds after that.
group_make in/side || fail 'cannot make a group'
group_make out || fail 'cannot make a group'
in_group in/side sleep 60 &
in_group out sleep 60 &
wait_for 5 seen in/side || fail 'a group inside the scope is not listed'
seen out && fail 'a group outside of the scope is listed'

# A second daemon at the same place.
refused 1 'another .* writes the board' --config "$work/config"
kill -0 "$daemon" || fail 'the first daemon did not outlive the second'

# Daemon and supervisor killed at once: no process stays behind, and the next one takes over the board.
ours_of() { # pids of all that have this board or this daemon's wires: our children's children
	for stat in /proc/[0-9]*/stat; do
		pid=${stat#/proc/} pid=${pid%/stat}
		(tr '\0' '\n' <"/proc/$pid/environ" | grep -qx "HEADROOM_MARK=$$") 2>/dev/null && echo "$pid"
	done
}
daemon_stop
HEADROOM_MARK=$$ && export HEADROOM_MARK
daemon_start --config "$work/config" || fail 'the daemon does not start'
unset HEADROOM_MARK
alive() { g=$(snapshot | ask '.host.guard | select(.state == "running") | .pid') && kill -0 "$g"; } # not the one before
wait_for 5 alive || fail 'the board names no daemon'
g=$(snapshot | ask .host.guard.pid)
[ "$(ours_of | wc -l)" -ge 2 ] || fail 'daemon and supervisor are not found'
daemon_and_supervisor_kill "$g" || fail 'the daemon outlives SIGKILL'
none_left() { [ -z "$(ours_of)" ]; }
wait_for 5 none_left || fail "left behind: $(for pid in $(ours_of); do cat "/proc/$pid/comm"; done | tr '\n' ' ')"
daemon_start --config "$work/config" || fail 'no daemon after that'
