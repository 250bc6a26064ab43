# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Boards that are cut short, noise or empty, and one of a daemon that has ended: each gives one line that says so.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own
daemon_start || fail 'the daemon does not start'
head -c 5000 "$BOARD" >"$work/cut"
head -c 300000 /dev/urandom >"$work/noise"
: >"$work/empty"
for bad in cut noise empty; do
	"$build/headroom" ls --board "$work/$bad" >"$work/out" 2>"$work/err"
	status=$?
	case $status in [1-5]) ;; *) fail "a damaged board ($bad) gives status $status" ;; esac
	[ "$(wc -l <"$work/err")" = 1 ] || fail "one line about a damaged board ($bad) was expected: $(cat "$work/err")"
done

daemon_stop
dead() { snapshot | ask '.host.guard.state | select(. != "running")'; }
wait_for 5 dead || fail 'the board of a daemon that has ended reads as running'
