# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The messages of the daemon to a service manager (sd_notify): READY once the first sweep is done, RELOADING, WATCHDOG only while
# the main loop runs, MAINPID when a supervisor was killed, and STOPPING. tools/notify-sink receives them here; tests/install
# has a real systemd.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own
"tools/notify-sink" "$work/notify" >"$work/messages" &
sink=$!
scenario_clean_up() { kill "$sink" 2>/dev/null; }
wait_for 5 test -S "$work/notify" || fail 'no socket'
export NOTIFY_SOCKET="$work/notify"
message() { grep -E "^[0-9]+ $1" "$work/messages"; }
count() { message "$1" | wc -l; }
more() { [ "$(count "$1")" -gt "$2" ]; } # than there were
pids() { # comm: processes of that name that were started by this scenario
	for at in /proc/[0-9]*; do
		case $(cat "$at/comm" 2>/dev/null) in "$1"*) ;; *) continue ;; esac
		tr '\0' '\n' <"$at/environ" 2>/dev/null | grep -qx "BOARD_OF=$work" && echo "${at#/proc/}"
	done
	: # a process of that name that is another's, such as a zombie, is no failure
}
export BOARD_OF="$work"
daemon_pid() { snapshot | ask .host.guard.pid; }

printf 'mode: observe\n' >"$work/config"
WATCHDOG_USEC=2000000 && export WATCHDOG_USEC
daemon_start --config "$work/config" || fail 'the daemon does not start'
wait_for 5 message READY=1 || fail 'not ready'
message "READY=1 STATUS=observe; [1-9][0-9]* cgroups" | head -n 1 | grep -q "^$daemon " ||
	fail "ready before anything could be seen, or not said by the supervisor: $(cat "$work/messages")"
[ "$(head -n 1 "$work/messages" | cut -d ' ' -f 2)" = READY=1 ] || fail 'something came before ready'
wait_for 5 more WATCHDOG=1 2 || fail 'no WATCHDOG=1'

# Other processes must not be able to send for us.
r=$(pids headroom-res) && [ -n "$r" ] || fail 'no resolver'
for pid in $r; do
	tr '\0' '\n' <"/proc/$pid/environ" | grep -q '^NOTIFY_SOCKET=' && fail "$pid can send for the service"
done

# A reload, taken and refused.
n=$(count READY=1)
kill -HUP "$daemon"
wait_for 5 more READY=1 "$n" || fail 'no word of the reload'
message 'RELOADING=1 MONOTONIC_USEC=[1-9]' >/dev/null || fail 'not reloading'
n=$(count READY=1)
printf 'mood: observe\n' >"$work/config"
kill -HUP "$daemon"
wait_for 5 more READY=1 "$n" || fail 'a refused reload never ends'
wait_for 5 message '.*STATUS=observe;.* configuration refused: .*mood' || fail 'no status about a refused reload'

# A supervisor that was killed: the daemon's new one says that it is the main process now, and goes on.
g=$(daemon_pid) || fail 'the board names no daemon'
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
wait_for 5 message MAINPID= || fail 'no MAINPID'
daemon=$(message MAINPID= | sed 's/.*MAINPID=//')
kill -0 "$daemon" && [ "$(daemon_pid)" = "$g" ] || fail 'the new main process does not run'
n=$(grep -c "^$daemon WATCHDOG=1" "$work/messages")
alive_again() { [ "$(grep -c "^$daemon WATCHDOG=1" "$work/messages")" -gt "$n" ]; }
wait_for 5 alive_again || fail 'no WATCHDOG=1 from the new supervisor'

# A main loop that hangs: no WATCHDOG=1 once the heartbeat is 3 s old; then the SIGABRT of the manager.
kill -STOP "$g"
quiet() { was=$(count WATCHDOG=1) && sleep 1.5 && [ "$(count WATCHDOG=1)" = "$was" ]; }
wait_for 10 quiet || fail 'WATCHDOG=1 from a daemon that hangs'
kill -ABRT "$daemon"
ended() { ! kill -0 "$daemon" 2>/dev/null && ! kill -0 "$g" 2>/dev/null; }
wait_for 3 ended || fail 'a daemon that hangs holds up the end'
message STOPPING=1 >/dev/null || fail 'no word of the end'
daemon=
