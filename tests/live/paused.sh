# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What readers say of a paused cgroup (v1's freezer, cgroup.freeze): ls, its JSON and explain; and of one that runs, of a
# recording, and after it is resumed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

freezer=/sys/fs/cgroup/freezer
if [ $v = 2 ]; then frozen=$mount$ours/box file=cgroup.freeze on=1 off=0; else frozen=$freezer$ours/box file=freezer.state on=FROZEN off=THAWED; fi
[ $v = 2 ] || [ -d $freezer ] || skip 'no freezer hierarchy'
scenario_clean_up() {
	echo $off >"$frozen/$file"
	[ $v = 2 ] || { group_remove box && rmdir "$frozen" "$freezer$ours"; } # first its process
} 2>/dev/null
for each in box runs; do group_make $each || fail 'cannot make a group'; done
[ $v = 2 ] || mkdir -p "$frozen"
workload_start runs hold 8M
workload_start box hold 24M
[ $v = 2 ] || echo "$workload_pid" >"$frozen/cgroup.procs"

is() { snapshot | ask "$(entry "$1") | select(.paused == $2)"; }
wait_for 5 is box false || fail 'one that runs is not said to run'
echo $on >"$frozen/$file"
wait_for 5 is box true || fail 'it is not said to be paused'
is runs false || fail 'the other one is said to be paused'
cli explain "cgroup:$ours/box" >"$work/out" || fail 'explain'
grep -q '^State: paused (frozen)' "$work/out" || { cat "$work/out" >&2 && fail 'explain does not say it'; }
# listed without --all once a sweep has seen its process
listed() { cli ls >"$work/out" && grep -q '; paused: .*box' "$work/out"; }
wait_for 5 listed || { cat "$work/out" >&2 && fail 'ls does not say it'; }
cli record --duration 2s "$work/recording" || fail 'record'
HEADROOM_BOARD=$work/recording "$build/headroom" ls --json | ask "$(entry box) | select(.paused == null)" ||
	fail 'a recording says whether it is paused'
echo $off >"$frozen/$file"
wait_for 5 is box false || fail 'it is still said to be paused'
