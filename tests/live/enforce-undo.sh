# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The next program undoes what a killed one has left: a frozen group, a throttle. What another program has set since stays.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

group_make box || fail 'cannot make a group'
state() { # of the freezer that holds the box
	if [ $v = 2 ]; then cat "$(group_dir box)/cgroup.freeze"; else cat "$freezer$ours/freezer.state"; fi
}
still() { state | grep -qE '^(1|FROZEN|FREEZING)'; }
if [ $v = 1 ]; then
	freezer=$(awk '$3 == "cgroup" && $4 ~ /(^|,)freezer(,|$)/ { print $2 }' /proc/mounts)
	[ -n "$freezer" ] || skip 'no freezer is mounted'
	mkdir "$freezer$ours" || fail 'no freezer group'
	scenario_clean_up() {
		echo THAWED >"$freezer$ours/freezer.state"
		group_remove box
		rmdir "$freezer$ours"
	}
fi
workload_start box hold 8M
[ $v = 2 ] || echo "$workload_pid" >"$freezer$ours/cgroup.procs"

# frozen, and then SIGKILL: another program thaws it
"$try" --undo "$work/undo" freeze "cgroup:$ours/box" >"$work/froze" &
holder=$!
wait_for 10 grep -q frozen "$work/froze" || fail 'not frozen'
still || fail 'not frozen'
kill -KILL $holder
wait $holder 2>/dev/null
still || fail 'it thawed by itself'
"$try" --undo "$work/undo" undo | expect '.restored == 1'
still && fail 'it stayed frozen'
"$try" --undo "$work/undo" undo | expect '.restored == 0' 'once'

# a freezer group that holds other processes is never used
if [ $v = 1 ]; then
	workload_start box hold 4M
	sh -c 'echo $$ >"$0"; exec sleep 100' "$freezer$ours/cgroup.procs" &
	stranger=$!
	shares() { grep -qx "$stranger" "$freezer$ours/cgroup.procs"; }
	wait_for 5 shares || fail 'the other process does not share the freezer'
	"$try" --undo "$work/undo" freeze "cgroup:$ours/box" 2>"$work/log" && fail 'another process was frozen'
	still && fail 'another process was frozen'
	kill -KILL $stranger
	exit 0
fi

# a throttle, and then SIGKILL; one that another program changed meanwhile
swap_on || exit 0 # nothing could be reclaimed
high() { cat "$(group_dir box)/memory.high"; }
workload_start box hold 16M
hold_throttle() {
	: >"$work/answer" # not the answer before this one
	"$try" --undo "$work/undo" --bytes 30M --for 100s --hold 100s throttle "cgroup:$ours/box" >"$work/answer" &
	holder=$!
	wait_for 20 [ -s "$work/answer" ] || fail 'no answer'
	answered '.status == "done"'
	[ "$(high)" = 31457280 ] || fail "memory.high is $(high)"
}
hold_throttle
kill -KILL $holder
wait $holder 2>/dev/null
[ "$(high)" = 31457280 ] || fail 'it lifted by itself'
"$try" --undo "$work/undo" undo | expect '.restored == 1'
[ "$(high)" = max ] || fail "memory.high stayed $(high)"
hold_throttle
kill -KILL $holder
wait $holder 2>/dev/null
echo 40M >"$(group_dir box)/memory.high"
"$try" --undo "$work/undo" undo | expect '.restored == 0' 'it was not ours any more'
[ "$(high)" = 41943040 ] || fail 'the value of another program was changed'
