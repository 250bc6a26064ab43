# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Tries to make the reflex hit the wrong task: a runtime that lowers a limit from outside, a sibling group, an init, what
# is protected. It must not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trigger.inc"

mb=1048576
arm_start
[ "$(arm_source reflex)" != none ] || skip 'no reflex on this kernel'

# ---- a limit lowered from outside reclaims in the writer's context, with the group far over its threshold
lower() { # MiB. v1 says EBUSY: there is nothing to reclaim
	file=memory.high
	[ $v = 2 ] || file=memory.limit_in_bytes
	in_group writer sh -c "echo ${1}M >$(group_dir lowered)/$file" 2>/dev/null
}
outside() { # MiB
	group_make lowered $((300 * mb)) && group_make writer || fail 'cannot make a group'
	arm lowered threshold=40MiB reflex
	arm writer threshold=4KiB
	arm_do close
	arm_do "disarm $ours/lowered"
	hold lowered 60
	arm lowered threshold=40MiB reflex # over it from the start; it charges no more
	lower "$1"
	alive $held || fail 'the group was hit for what another did'
	none_hit lowered
	[ "$(kernel_kills lowered)" = 0 ] || fail 'the kernel killed'
	# The record of the writer's own group proves that reclaim was seen at all. A group has one record in 100 ms, so
	# rss_stat must not be first.
	arm_do far
	sleep 0.2
	lower $(($1 - 1))
	wait_for 2 arm_recorded tripwire writer '.hook == "reclaim"' || fail 'the writer did not reclaim'
	none_hit lowered
	none_hit writer
	alive $held || fail 'the group was hit for what another did'
	arm_do "disarm $ours/lowered"
	arm_do "disarm $ours/writer"
	kill -9 $held
}

# ---- a sibling at its limit is left to the kernel
sibling() {
	group_make pod/armed $((80 * mb)) && group_make pod/sibling $((40 * mb)) || fail 'cannot make a group'
	arm pod/armed threshold=30MiB reflex
	arm_do close
	hold pod/armed 20
	in_group pod/sibling "$workload" burst 200MiB 10ms >/dev/null
	[ "$(kernel_kills pod/sibling)" = 1 ] || fail 'the sibling did not reach its limit'
	none_hit pod/armed
	alive $held || fail 'the neighbour of a sibling was hit'
	arm_do "disarm $ours/pod/armed"
	kill -9 $held
}

# ---- the init of a pid namespace, unless the whole container goes
init() {
	unshare -pf true 2>/dev/null || { echo 'no pid namespaces here' && return; }
	group_make init $((60 * mb)) || fail 'cannot make a group'
	arm init threshold=40MiB reflex
	arm_do close
	in_group init unshare -pf "$workload" burst 200MiB 10ms >/dev/null 2>&1
	none_hit init
	[ "$(kernel_kills init)" = 1 ] || fail 'the init did not reach its limit'
	arm_do "disarm $ours/init"
	arm init threshold=40MiB reflex whole
	in_group init unshare -pf "$workload" burst 200MiB 10ms >/dev/null 2>&1
	wait_for 2 arm_recorded reflex init || fail 'whole: the init was not hit'
	[ "$(kernel_kills init)" = 1 ] || fail 'whole: the kernel was first'
	arm_do "disarm $ours/init"
}

# ---- protected: a process, and a group below the armed one
protected() {
	group_make spared $((60 * mb)) && group_make spared/inner || fail 'cannot make a group'
	arm_do "spare $ours/spared/inner"
	arm spared threshold=40MiB reflex whole
	arm_do close
	in_group spared/inner "$workload" burst 200MiB 10ms >/dev/null
	none_hit spared
	arm_do "unspare $ours/spared/inner"
	before=$(kernel_kills spared/inner)

	in_group spared/inner "$workload" burst 200MiB "$((slow * 2))s" >/dev/null &
	job=$!
	pid_in() { pid=$(head -n 1 "$(group_dir spared/inner)/cgroup.procs") && [ -n "$pid" ]; }
	wait_for 5 pid_in || fail 'no process is there'
	pid_in
	arm_do "spare pid=$pid"
	ends 10 $job || fail 'it does not end'
	none_hit spared
	[ "$(kernel_kills spared/inner)" -gt "$before" ] || fail 'it did not reach the limit'
	arm_do "unspare pid=$pid"
	# the same again, no longer protected
	in_group spared/inner "$workload" burst 200MiB 10ms >/dev/null
	wait_for 2 arm_recorded reflex spared || fail 'was not hit though nothing protects it'
	arm_do "disarm $ours/spared"
}

outside 20
sibling
init
protected
