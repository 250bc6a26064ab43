# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The task that charges does not always own the memory: a process outside that writes into the memory of an armed group, a child
# of vfork, a process without its first thread. Then: one armed group below another; more crossings at once than the rate limit
# allows; a group so new that the daemon does not know whether it is protected; and a dead daemon.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trigger.inc"

mb=1048576
arm_start
[ "$(arm_source reflex)" != none ] || skip 'no reflex on this kernel'

# ---- charged to the armed group by a process outside: it is not killed, nor is the idle one inside
outsider() {
	group_make outsider && group_make poked $((60 * mb)) || fail 'cannot make a group'
	arm poked threshold=40MiB reflex whole
	arm_do close
	in_group outsider "$workload" poke "$(group_dir poked)" 50MiB >"$work/poke" 2>&1 || fail "the outsider: $(cat "$work/poke")"
	grep -q ready "$work/poke" || fail 'the outsider was hit'
	none_hit poked
	arm_do "disarm $ours/poked"
}

# ---- in the armed group, and it touches memory of its parent, which is elsewhere
borrower() {
	group_make lender && group_make full $((120 * mb)) || fail 'cannot make a group'
	hold full 50
	arm full threshold=40MiB reflex whole # over it, and no task there charges
	arm_do close
	in_group lender "$workload" vfork "$(group_dir full)" 30MiB >"$work/vfork" 2>&1
	grep -q ready "$work/vfork" || fail "a vfork's child was hit: $(cat "$work/vfork")"
	none_hit full
	alive $held || fail 'another process was hit'
	arm_do "disarm $ours/full"
	kill -9 $held
}

leaderless() {
	group_make leaderless $((120 * mb)) || fail 'cannot make a group'
	arm leaderless threshold=60MiB least=8MiB reflex
	arm_do close
	in_group leaderless "$workload" leaderless >/dev/null
	wait_for 5 arm_recorded reflex leaderless '.tid != .pid and .victim_pid == .pid and .error == 0' || fail 'was not hit'
	wait_for 5 no_one_in leaderless || fail 'it still runs'
	[ "$(kernel_kills leaderless)" = 0 ] || fail 'the kernel killed'
}
no_one_in() { [ -z "$(cat "$(group_dir "$1")/cgroup.procs")" ]; }

# ---- exempt from the OOM killer (oom_score_adj -1000), which takes a capability that not every machine grants
exempt() {
	sh -c 'echo -1000 >/proc/self/oom_score_adj' 2>/dev/null || { echo 'oom_score_adj cannot be lowered here' && return; }
	group_make exempt $((200 * mb)) || fail 'cannot make a group'
	arm exempt threshold=40MiB reflex
	arm_do close
	# shellcheck disable=SC2016 # for the inner shell
	in_group exempt sh -c 'echo -1000 >/proc/self/oom_score_adj; exec "$@"' - "$workload" hold 50MiB >"$work/exempt" &
	exempt=$!
	wait_for 10 grep -q ready "$work/exempt" || fail 'the exempt one was hit'
	none_hit exempt
	in_group exempt "$workload" hold 20MiB >"$work/exempt.2" &
	wait_for 5 arm_recorded reflex exempt '.victim_rss_bytes < 40000000' || fail 'no process was hit'
	alive $exempt || fail 'the exempt one was hit'
	arm_do "disarm $ours/exempt"
	kill -9 $exempt
	ends 5 $exempt || fail 'it does not end'
}

# ---- each for its own threshold, the lower group first; the neighbour below the same group is not hit
nested() {
	group_make above $((110 * mb)) && group_make above/below $((60 * mb)) && group_make above/beside ||
		fail 'cannot make a group'
	arm above threshold=75MiB reflex
	arm above/below threshold=25MiB reflex
	arm_do close
	hold above/beside 30
	in_group above/below "$workload" burst 40MiB 10ms >/dev/null
	wait_for 5 arm_recorded reflex above/below || fail 'the lower one was not hit'
	none_hit above
	alive $held || fail "the neighbour was hit: $(arm_records reflex above)"
	in_group above/below "$workload" burst 55MiB 10ms >/dev/null & # its own shot is used up, the upper one's is not
	wait_for 5 arm_recorded reflex above ".task_cgroup_id == $(group_id above/below)" || fail 'the upper one was not hit'
	alive $held || fail "the neighbour was hit: $(arm_records reflex above)"
	arm_do "disarm $ours/above/below"
	arm_do "disarm $ours/above"
	kill -9 $held
}

# ---- three at once, and the rate limit has one kill left
rate_limit() {
	arm_do 'grant 1'
	for n in 1 2 3; do
		group_make limited$n $((60 * mb)) || fail 'cannot make a group'
		arm limited$n threshold=40MiB reflex
	done
	arm_do close
	for n in 1 2 3; do in_group limited$n "$workload" burst 80MiB "$((slow * 500))ms" >/dev/null & done
	all_over() { [ $(($(kernel_kills limited1) + $(kernel_kills limited2) + $(kernel_kills limited3))) = 2 ]; }
	wait_for 10 all_over || fail 'two must be left to the kernel'
	hits=0
	for n in 1 2 3; do hits=$((hits + $(arm_times reflex limited$n))); done
	[ $hits = 1 ] || fail "$hits were hit, and the rate limit allows one"
	for n in 1 2 3; do arm_do "disarm $ours/limited$n"; done
	arm_do 'grant 1000'
	arm limited1 threshold=40MiB reflex
	in_group limited1 "$workload" burst 80MiB 10ms >/dev/null
	wait_for 5 arm_recorded reflex limited1 || fail 'the rate limit allows more, and no process was hit'
	arm_do "disarm $ours/limited1"
}

# ---- below the armed group, made after the daemon has checked what is protected
young() {
	group_make parent $((80 * mb)) && group_make parent/old || fail 'cannot make a group'
	arm_do "known $ours/parent/old"
	arm parent threshold=40MiB reflex whole
	arm_do close
	group_make parent/young $((60 * mb)) || fail 'cannot make a group'
	in_group parent/young "$workload" burst 80MiB 10ms >/dev/null
	none_hit parent
	[ "$(kernel_kills parent/young)" = 1 ] || fail 'it did not reach its limit'
	arm_do "known $ours/parent/young"
	in_group parent/young "$workload" burst 80MiB 10ms >/dev/null
	wait_for 5 arm_recorded reflex parent || fail 'was not hit though it is known now'
	arm_do "disarm $ours/parent"
}

# ---- a dead daemon kills nothing: no BPF program is pinned
dead_daemon() {
	group_make orphan $((60 * mb)) || fail 'cannot make a group'
	arm orphan threshold=40MiB reflex whole
	arm_do close
	kill -9 $arm_pid
	wait $arm_pid 2>/dev/null
	arm_pid=
	exec 9>&-
	in_group orphan "$workload" burst 80MiB 10ms >/dev/null
	[ "$(kernel_kills orphan)" = 1 ] || fail 'the reflex outlived the process that armed it'
}

outsider
borrower
leaderless
exempt
nested
rate_limit
young
dead_daemon
