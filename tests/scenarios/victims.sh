# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Victims that are hard to end: one that ignores SIGTERM; two that get no CPU, because others have it all. What counts is the
# memory, and how long that took. (Those that sleep where no signal wakes them: tests/live/action-locked.sh.)
. tests/scenarios/lib.sh
[ -n "$in_vm" ] || skip 'this takes all CPUs'
bystanders=
victims=0
kills_before=$(vmstat oom_kill)
guardian_begin
# These leave little CPU time to any other process.
in_unit_hogs() { for cpu in 1 2 3; do "$program" spin 1 >/dev/null & pids="$pids hog$cpu=$!"; renice -n -20 -p $!; done; }
# kind, workload's options and arguments…: in a container of its own; how long from the threshold until the memory is free
victim() {
	kind=$1
	shift
	victims=$((victims + 1))
	id=docker-$(printf '%064d' $victims).scope
	events_begin
	group_make "system.slice/$id" $((400 << 20))
	watch_start group "$(group_dir "system.slice/$id")" 100MiB 40MiB
	in_unit "$id" --name "$kind" "$@" >"$work/$kind.out" 2>&1 &
	pids="$pids $kind=$!"
	[ -z "${STARVE:-}" ] || { wait_for 5 grep -q ready "$work/$kind.out"; in_unit_hogs; }
	wait_for 3 test -s "$work/crossings"
	note "${kind}_freed_ms" "$(crossing_ms)"
	promise "the memory of the $kind victim is freed" test -s "$work/crossings"
	kill -9 "$(pid_of watch)" 2>/dev/null
}
victim stubborn --ignore-term service 100MiB 10MiB
# The others come when it is there; most of its time goes by until it has reached the threshold.
STARVE=1 victim starved --ignore-term service 90MiB 15MiB
hogs_end() { for cpu in 1 2 3; do kill -9 "$(pid_of hog$cpu)"; done; }
hogs_end
# This one takes SIGTERM, begins to end, and has no CPU time to come to it: process_mrelease does not accept it.
STARVE=1 victim ending service 90MiB 15MiB
hogs_end
host_row
promise 'the kernel OOM-kills nothing' [ "$kills" = 0 ]
incident_end
