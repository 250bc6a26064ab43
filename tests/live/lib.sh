# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the live scenarios share: cgroups of our own on v1 and v2, workloads to put into them, and queries of the board.
# Runs under dash and busybox. A scenario sources it first; everything that it makes is removed when it ends, and it
# never touches a cgroup, process or container that it did not make.

set -u
PATH=$PATH:/usr/sbin:/sbin
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$top" || exit 1
build=${HEADROOM_BUILD:-build}
workload=$build/tools/workload # uses memory in a known way
work=$(mktemp -d "${HEADROOM_TMP:-/dev/shm}/live.XXXXXX")
BOARD=${BOARD:-$work/board}

# shellcheck source=tests/live/wait.inc
. tests/live/wait.inc

# ---- verdicts

# Behind a pipe this ends a subshell only; what it leaves behind fails the scenario all the same, when it ends.
fail() {
	printf 'FAIL: %s\n' "$*" >&2
	: >"$work/failed"
	exit 1
}

skip() {
	printf 'skip: %s\n' "$*"
	exit 77
}

need() { # a program, or the scenario is skipped
	command -v "$1" >/dev/null || [ -x "$1" ] || skip "$1 is not here"
}

# ---- cgroups

if [ -f /sys/fs/cgroup/cgroup.controllers ] && grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
	v=2 mount=/sys/fs/cgroup
else
	v=1 mount=/sys/fs/cgroup/memory
fi
ours=/headroom-test-$$ # path from the hierarchy's root, as headroom prints it

limit_file() { if [ $v = 2 ]; then echo memory.max; else echo memory.limit_in_bytes; fi; }

# name [limit in bytes]: makes a group below ours; a name may have slashes, its parents are made too.
group_make() {
	at=$ours
	for part in '' $(printf '%s' "$1" | tr / ' '); do
		[ -z "$part" ] || {
			[ $v = 1 ] || echo +memory >"$mount$at/cgroup.subtree_control" || return
			at=$at/$part
		}
		[ -d "$mount$at" ] || mkdir "$mount$at" || return
	done
	[ -z "${2:-}" ] || echo "$2" >"$mount$at/$(limit_file)" || return
	# Swap would only delay the same OOM kill; a scenario that is about swap allows it again.
	[ ! -f "$mount$at/memory.swap.max" ] || echo 0 >"$mount$at/memory.swap.max"
}

# name, depth: of a group that many levels below
group_below() { printf '%s' "$1" && printf '/d%.0s' $(seq "$2"); }

group_dir() { printf '%s\n' "$mount$ours/$1"; }

# name, command…: runs it in the group, where the kernel may OOM-kill it (this shell itself may be exempt).
in_group() {
	(
		echo 0 >/proc/self/oom_score_adj 2>/dev/null
		echo 0 >"$mount$ours/$1/cgroup.procs" || exit 126
		shift
		exec "$@"
	)
}

group_remove() { # name; its processes are killed first
	dir=$mount$ours/$1
	# shellcheck disable=SC2046 # a list
	removed() { [ ! -d "$dir" ] || rmdir "$dir" || { kill -9 $(cat "$dir/cgroup.procs"); return 1; }; }
	wait_for 5 removed
}

kernel_kills() { # name: what the kernel's own OOM killer did there
	file=$(group_dir "$1")/memory.events
	[ -f "$file" ] || file=$(group_dir "$1")/memory.oom_control
	sed -n 's/^oom_kill //p' "$file"
}

clean_up() {
	status=$?
	[ ! -e "$work/failed" ] || status=1
	daemon_stop
	type scenario_clean_up >/dev/null 2>&1 && scenario_clean_up
	# All that is there: a shell in the background may have made some.
	find "$mount$ours" -mindepth 1 -depth -type d 2>/dev/null | while IFS= read -r group; do
		group_remove "${group#"$mount$ours"/}" 2>/dev/null
	done
	[ ! -d "$mount$ours" ] || rmdir "$mount$ours" 2>/dev/null
	rm -rf "$work"
	exit $status
}
trap clean_up EXIT
trap 'exit 143' INT TERM

# ---- the daemon: tests/live/run keeps one for all; a scenario that harms its daemon starts its own

daemon=
# Scenarios run beside each other, each with policies for its own cgroups only; empty: as users run it.
no_lock=--no-lock
# The board may be there a moment before the first sweep is on it.
ready='.host.guard.state == "running" and .host.guard.pid > 0 and (.containers | length > 0)'
daemon_ready() { snapshot | ask "$ready"; }
# A board that was taken over shows the daemon before ours until ours has attached and writes its own pid.
daemon_attached() { pid=$(snapshot | ask "select($ready) | .host.guard.pid") && kill -0 "$pid"; }

daemon_start() { # [option…]; environment of the caller
	# shellcheck disable=SC2086 # an option or nothing
	"$build/headroomd" --board "$BOARD" $no_lock "$@" >"$work/daemon.log" 2>&1 &
	daemon=$!
	wait_for 60 daemon_attached && return # a second alone; seven beside a load of 17 on two cores
	cat "$work/daemon.log" >&2
	kill -0 "$daemon" 2>/dev/null || printf 'the daemon ended by itself\n' >&2
	return 1
}

daemon_stop() {
	[ -n "$daemon" ] || return 0
	kill -TERM "$daemon" 2>/dev/null
	wait_for 5 eval "! kill -0 $daemon" || kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

# The daemon's pid: kills it and its supervisor, and neither sees the other go (it would start it anew); until both are gone.
daemon_and_supervisor_kill() {
	kill -STOP "$1"
	kill -KILL "$daemon" "$1"
	wait "$daemon" 2>/dev/null
	daemon=
	both_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null; }
	wait_for 5 both_gone "$1"
}

# ---- questions to the board

# Until the daemon has published so many more sweeps: what it had to do on their figures it has done by then.
sweeps() { # number
	sweep_count=$1
	while [ "$sweep_count" -gt 0 ]; do
		sweep_time=$(snapshot | jq .time)
		next_sweep() { time=$(snapshot | jq .time) && [ "$time" != "$sweep_time" ]; }
		wait_for 20 next_sweep || fail 'the daemon publishes no more sweeps'
		sweep_count=$((sweep_count - 1))
	done
}

# A jq filter, on standard input: prints what it gives, one document a line; fails where that is nothing, null or
# false. (jq's own -e looks at the last input only, and in 1.6 is content with none.)
ask() {
	answer=$(jq -c "$1") || return
	case $answer in '' | null | false) return 1 ;; esac
	printf '%s\n' "$answer"
}

cli() { # subcommand, option…
	"$build/headroom" "$@" --board "$BOARD"
}

snapshot() { cli ls --json --all; }

# the jq filter that picks one cgroup of ours from a snapshot
entry() { printf '.containers[] | select(.cgroup == "%s")' "$ours/$1"; }

seen() { # name: stands in the listing, running
	snapshot | ask "$(entry "$1") | select(.state == \"running\")"
}

# The last sequence number on the board; events after it are ours to judge.
mark() { cli events --json | jq -s 'map(.seq) | max // 0'; }

# mark, jq condition: prints the first event after the mark that fulfils it, or fails
event_after() {
	cli events --json | ask "select(.seq > $1) | select($2)" | head -n 1 | grep .
}

# Each: a JSON document on stdin, a jq condition, and what it means; fails with the document.
expect() {
	doc=$(cat)
	printf '%s' "$doc" | ask "$1" >/dev/null && return
	printf '%s\n' "$doc" | jq -c . | cut -c1-20000 >&2 # one line: the runner shows the last lines only
	fail "expected $1${2:+ ($2)}"
}
