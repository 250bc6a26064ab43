# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A paused target (v1's freezer, cgroup.freeze; by itself, by its parent, in a child cgroup; SIGSTOP) gets no signal that would
# wait, and a kill ends it at once; whatever paused it can resume it afterwards.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

frozen_groups=
freezer=/sys/fs/cgroup/freezer
[ $v = 2 ] || [ -d $freezer ] || skip 'no freezer hierarchy'
# The cgroup that freezes the processes of one of ours: on v1 one of the same path in another hierarchy.
freezer_of() { if [ $v = 2 ]; then printf '%s\n' "$mount$ours/$1"; else printf '%s\n' "$freezer$ours/$1"; fi; }
freeze() { if [ $v = 2 ]; then echo 1 >"$(freezer_of "$1")/cgroup.freeze"; else echo FROZEN >"$(freezer_of "$1")/freezer.state"; fi; }
resume() { if [ $v = 2 ]; then echo 0 >"$(freezer_of "$1")/cgroup.freeze"; else echo THAWED >"$(freezer_of "$1")/freezer.state"; fi; }
scenario_clean_up() {
	for each in $frozen_groups; do
		resume "$each"
		[ $v = 2 ] || rmdir "$(freezer_of "$each")"
	done 2>/dev/null
	[ $v = 2 ] || rmdir "$freezer$ours" 2>/dev/null
}
pausable() { # group: made, and with its freezer
	group_make "$1" || fail 'cannot make a group'
	[ $v = 2 ] || mkdir -p "$(freezer_of "$1")"
	frozen_groups="$1 $frozen_groups" # children first
}
paused_one() { # group that holds it, group that is frozen
	workload_start "$1" hold 24M
	[ $v = 2 ] || echo "$workload_pid" >"$(freezer_of "$1")/cgroup.procs"
	[ -z "$2" ] || freeze "$2"
	sleep 0.2
}
pending() { grep -c '^S[hi][dg]Pnd:.*[1-9a-f]' "/proc/$1/status"; }
ended() { ! alive "$1"; }

pausable box
pausable outer
pausable outer/inner
pausable other

cases='box:box:box outer:outer/inner:outer/inner outer/inner:outer/inner:outer/inner'
# A parent that is paused holds other containers, too, which stay paused.
cases="$cases outer/inner:outer/inner:outer"
for each in $cases; do
	target=${each%%:*} holds=${each#*:}
	frozen=${holds#*:} holds=${holds%:*}
	paused_one "$holds" "$frozen"
	enforce term "cgroup:$ours/$target" || fail "no answer ($each)"
	answered '.status == "skipped" and .processes == 0 and .detail == "SIGTERM would wait: it is paused (frozen)"' "$each"
	[ "$(pending "$workload_pid")" = 0 ] || fail "a signal is queued ($each)"
	enforce term "pid:$workload_pid" && answered '.status == "skipped"'
	enforce kill "cgroup:$ours/$target" || fail "no answer ($each)"
	answered '.status == "done" and .processes == 1 and .freed_bytes > 20000000' "$each"
	wait_for 5 ended "$workload_pid" || fail "it is still there ($each)"
	resume "$frozen" || fail 'it cannot be resumed'
	workload_start "$holds" hold 4M # as before: a new process runs
	enforce kill "cgroup:$ours/$target" && answered '.status == "done" and .detail == ""'
done

# At each level above it and by a signal, too.
pausable outer/inner/deep
paused_one outer/inner/deep outer
kill -STOP "$workload_pid"
for each in outer/inner outer/inner/deep; do freeze $each; done
enforce kill "cgroup:$ours/outer/inner/deep" && answered '.status == "done" and .processes == 1 and .freed_bytes > 20000000'
wait_for 5 ended "$workload_pid" || fail 'frozen at three levels, it is still there'
for each in outer outer/inner outer/inner/deep; do resume $each; done
if [ $v = 1 ]; then # its freezer is another container's, too, and that stays paused
	workload_start other hold 4M
	beside=$workload_pid
	echo "$beside" >"$(freezer_of outer)/cgroup.procs"
	workload_start box hold 24M
	echo "$workload_pid" >"$(freezer_of outer)/cgroup.procs"
	freeze outer
	enforce kill "cgroup:$ours/box" && answered '.status == "done" and .processes == 1 and .freed_bytes > 20000000'
	wait_for 5 ended "$workload_pid" || fail 'frozen by another freezer, it is still there'
	alive "$beside" && grep -qx FROZEN "$(freezer_of outer)/freezer.state" || fail 'another one does not stay paused'
	resume outer
	kill -9 "$beside"
fi

# One process of a paused container; the other one is as it was.
paused_one box ''
first=$workload_pid
paused_one box box
enforce kill-largest "cgroup:$ours/box" && answered '.status == "done" and .processes == 1'
one_left() { [ "$(grep -c . "$mount$ours/box/cgroup.procs")" = 1 ]; }
wait_for 5 one_left || fail 'kill: largest'
left=$(cat "$mount$ours/box/cgroup.procs")
[ "$(pending "$left")" = 0 ] || fail 'the other one has a signal'
resume box
alive "$left" || fail 'the other one died'
enforce kill "pid:$left" && answered '.status == "done"'
wait_for 5 empty box || fail "a process is left of $first"

# Single processes, by pid and by group.
paused_one other other
enforce kill "pid:$workload_pid" && answered '.status == "done" and .freed_bytes > 20000000'
wait_for 5 ended "$workload_pid" || fail 'a paused process is still there'
resume other

# Stopped: by a signal; SIGKILL ends it by itself.
workload_start box hold 24M
kill -STOP "$workload_pid"
stopped() { grep -q '^State:.*T' "/proc/$workload_pid/status"; }
wait_for 5 stopped
enforce term "cgroup:$ours/box" && answered '.status == "skipped" and (.detail | test("it is stopped"))'
[ "$(pending "$workload_pid")" = 0 ] || fail 'a signal is queued'
enforce kill "cgroup:$ours/box" && answered '.status == "done" and .freed_bytes > 20000000'
wait_for 5 ended "$workload_pid" || fail 'a stopped process is still there'
