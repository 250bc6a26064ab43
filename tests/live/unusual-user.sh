# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Users without rights: each command says in one line what is missing, and its exit status says it, too. And a look by root
# where no daemon runs: top starts its own, and leaves nothing behind however it ends.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'another user needs root'
need setpriv

free=$(mktemp -d /dev/shm/headroom-free.XXXXXX) || fail 'cannot make a folder'
scenario_clean_up() { rm -rf "$free"; }
cp "$build/headroom" "$build/headroomd" "$build/headroom-resolver" "$free/" || fail 'cannot copy'
chmod 755 "$free"
setpriv --reuid=65534 --regid=65534 --clear-groups "$free/headroom" version >/dev/null 2>&1 || skip 'the user 65534 cannot run programs here'

# status, what the one line on stderr holds, command…: as an unprivileged user
refused() {
	wanted=$1 line=$2
	shift 2
	timeout 20 setpriv --reuid=65534 --regid=65534 --clear-groups env -u HEADROOM_BOARD "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	[ $status = "$wanted" ] || { cat "$work/out" "$work/err" && fail "$*: status $status, not $wanted"; }
	[ "$(wc -l <"$work/err")" = 1 ] || { cat "$work/err" && fail "$*: one line was expected"; }
	grep -q "$line" "$work/err" || { cat "$work/err" && fail "$*: '$line' was expected"; }
}

mkdir -m 700 "$free/closed"
BOARD=$free/closed/board
daemon_start || fail 'the daemon does not start'
for command in ls 'ls --json' events 'events --follow' top "record $free/file"; do
	# shellcheck disable=SC2086 # a list
	refused 4 'not permitted: be root or' "$free/headroom" $command --board "$BOARD"
done
daemon_stop

# The host can be asked about without rights; that the plan cannot be tried is said, and is no success.
setpriv --reuid=65534 --regid=65534 --clear-groups "$free/headroom" check --board "$BOARD" >"$work/out" 2>"$work/err"
[ $? = 4 ] || fail 'check without rights must end with 4'
grep -q '^missing.*CAP_BPF' "$work/out" || fail 'check does not tell that CAP_BPF is missing'
grep -q 'needs root: run sudo headroom check' "$work/out" || fail 'check does not tell what root would see'

# From here on the usual places must be free: another daemon may run on this machine.
for place in /run /dev/shm; do
	[ ! -e $place/headroom ] || skip "there is a $place/headroom already: the rest would meet a stranger's daemon"
done
refused 3 'no daemon ' "$free/headroom" ls
refused 3 'no daemon ' "$free/headroom" events
refused 3 'start headroomd, or run as root' "$free/headroom" top

nothing_left() {
	for left in /run/headroom /run/headroom/headroom-top-* /dev/shm/headroom-top-*; do
		[ ! -e "$left" ] || { echo "$left" >"$work/left" && return 1; }
	done
}
none_left() { ! pgrep -f 'headroomd.*/headroom-top-' >"$work/left"; }
clean() { # what ended it
	wait_for 10 none_left || fail "processes are left after $1: $(cat "$work/left")"
	[ "$1" = KILL ] || wait_for 2 nothing_left || fail "files are left after $1: $(cat "$work/left")"
}

timeout 30 "$build/headroom" top </dev/null >"$work/out" 2>"$work/err" || { cat "$work/err" && fail 'top into a pipe'; }
grep -q 'headroom' "$work/out" || fail 'top into a pipe shows nothing'
clean 'a pipe'

screen=tools/pty-screen
if [ -x "$screen" ]; then
	timeout 40 "$screen" 80x24 --keys 'q' "$build/headroom" top >"$work/out" 2>"$work/err" || { cat "$work/err" && fail 'top on a terminal'; }
	clean q
	for signal in HUP TERM KILL; do
		"$screen" 80x24 --keys "wait:until_it_ends" "$build/headroom" top >"$work/out" 2>&1 &
		on=$!
		runs() { top_pid=$(pgrep -P $on) && pgrep -f 'headroomd.*/headroom-top-'; }
		wait_for 15 runs || fail 'top does not start a daemon of its own'
		kill -$signal "$top_pid"
		wait $on
		clean $signal
	done
	# The next one removes what the killed one has left.
	timeout 30 "$build/headroom" top </dev/null >/dev/null 2>&1
	clean 'the next one'
fi
