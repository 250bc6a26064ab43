# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What must hold between arming and crossing: the share is of the limit as it is then, a disarm is at once, one arming is one
# shot, a process that is too small is spared, and a larger collector takes over what is armed, and no more than that.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trigger.inc"

mb=1048576
arm_start
[ "$(arm_source reflex)" != none ] || skip 'no reflex on this kernel'

# ---- a share of the limit, which is raised between arming and crossing
raised() {
	group_make raised $((60 * mb)) || fail 'cannot make a group'
	arm raised threshold=30MiB share=500 near=10MiB reflex
	arm_do close
	echo $((160 * mb)) >"$(group_dir raised)/$(limit_file)"
	hold raised 50
	none_hit raised
	alive $held || fail 'hit below the share of its live limit'
	in_group raised "$workload" burst 200MiB 10ms >/dev/null
	wait_for 2 arm_recorded reflex raised ".limit_bytes == $((160 * mb)) and .threshold_bytes == $((80 * mb))" ||
		fail 'was not hit at the share of the live limit'
	alive $held || fail 'another process was hit'
	[ "$(kernel_kills raised)" = 0 ] || fail 'the kernel killed'
	arm_do "disarm $ours/raised"
	kill -9 $held
}

# ---- disarmed between near and crossing
disarmed() {
	group_make disarmed $((60 * mb)) || fail 'cannot make a group'
	arm disarmed threshold=40MiB near=10MiB reflex
	hold disarmed 20
	arm_do close
	arm_do "disarm $ours/disarmed"
	in_group disarmed "$workload" burst 200MiB 10ms >/dev/null
	none_hit disarmed
	[ "$(kernel_kills disarmed)" = 1 ] || fail 'it did not reach the limit'
	dead $held || kill -9 $held
}

# ---- one shot for each arming, however many cross
one_shot() {
	group_make shot $((200 * mb)) || fail 'cannot make a group'
	arm shot threshold=40MiB reflex
	arm_do close
	for i in 1 2 3; do in_group shot "$workload" burst 45MiB 300ms >/dev/null & done
	wait_for 5 arm_recorded reflex shot || fail 'no process was hit'
	filled_up() { filled shot $((80 * mb)); }
	wait_for 5 filled_up || fail 'the others were hit, too'
	[ "$(arm_times reflex shot)" = 1 ] || fail 'more than one shot for one arming'
	arm shot threshold=50MiB reflex # another threshold is not another arming
	in_group shot "$workload" hold 20MiB >"$work/ready.shot" &
	wait_for 10 grep -q ready "$work/ready.shot" || fail 'a new threshold gave the shot back'
	[ "$(arm_times reflex shot)" = 1 ] || fail 'a new threshold gave the shot back'
	arm_do "disarm $ours/shot"
}

# ---- a process that is too small to be worth it
small() {
	group_make small $((200 * mb)) || fail 'cannot make a group'
	hold small 50
	arm small threshold=40MiB least=30MiB reflex
	arm_do close
	in_group small "$workload" -f 100ms hold 4MiB >/dev/null
	status=$?
	none_hit small
	[ $status = 0 ] || fail 'the small one died'
	in_group small "$workload" burst 40MiB 10ms >/dev/null &
	wait_for 5 arm_recorded reflex small '.victim_rss_bytes >= 30000000' || fail 'the large one was not hit'
	alive $held || fail 'the wrong one was hit'
	arm_do "disarm $ours/small"
	kill -9 $held
}

# ---- a larger collector takes over: armed there, with what is left of its shots
grown() {
	group_make grown $((120 * mb)) && group_make used $((120 * mb)) && group_make wired || fail 'cannot make a group'
	arm grown threshold=40MiB reflex
	arm wired threshold=40MiB
	arm used threshold=40MiB reflex
	in_group used "$workload" burst 100MiB 10ms >/dev/null
	arm_do close
	in_group used "$workload" burst 100MiB 10ms >/dev/null &
	wait_for 5 arm_recorded reflex used || fail 'was not hit'
	arm_do grow
	# nothing is armed again
	in_group wired "$workload" leak "$((200 * mb / slow))" 60MiB >"$work/ready.wired" &
	wait_for 10 grep -q ready "$work/ready.wired" || fail 'does not fill'
	case $(arm_source tripwire) in
	eventfd | *timer) wait_for 2 arm_recorded tripwire wired 'true' || fail 'growing took the tripwire away' ;;
	esac
	arm_do close
	in_group used "$workload" hold 60MiB >"$work/ready.used" &
	wait_for 10 grep -q ready "$work/ready.used" || fail 'growing gave the shot back'
	in_group grown "$workload" burst 400MiB 10ms >/dev/null
	wait_for 2 arm_recorded reflex grown || fail 'growing disarmed'
	[ "$(arm_times reflex used)" = 1 ] || fail 'growing gave the shot back'
	arm_do "disarm $ours/grown"
	arm_do "disarm $ours/used"
}

raised
disarmed
one_shot
small
grown
