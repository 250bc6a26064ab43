# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the reflex kills: the process of a thread that charges, a task of a nested group, one process of each of two containers at
# once, and on newer kernels the larger process that user space prefers. The record names process, group and usage.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trigger.inc"

mb=1048576
arm_start
[ "$(arm_source reflex)" != none ] || skip 'no reflex on this kernel'

# ---- a thread that is not the first: the process dies as one
group_make thread $((120 * mb)) || fail 'cannot make a group'
arm thread threshold=60MiB reflex
arm_do close
in_group thread "$workload" thread-leak >/dev/null
status=$?
[ $status = 137 ] || fail "ended with $status"
wait_for 2 arm_recorded reflex thread || fail 'no record'
arm_records reflex thread | expect '.tid != .pid and .victim_pid == .pid and .victim_comm == "workload"' 'a thread, its process'
arm_records reflex thread | expect ".usage_bytes >= $((60 * mb)) and .threshold_bytes == $((60 * mb)) and
	.limit_bytes == $((120 * mb)) and .task_cgroup_id == .cgroup_id and .error == 0 and .victim_rss_bytes > $((40 * mb))"
[ "$(kernel_kills thread)" = 0 ] || fail 'the kernel killed'

# ---- below the armed one
group_make outer $((120 * mb)) && group_make outer/a/b || fail 'cannot make a group'
arm outer threshold=60MiB reflex
in_group outer/a/b "$workload" burst 400MiB 10ms >/dev/null
wait_for 2 arm_recorded reflex outer || fail 'a task of a nested group was not hit'
arm_records reflex outer | expect ".task_cgroup_id == $(group_id outer/a/b)"
[ "$(kernel_kills outer)" = 0 ] || fail 'the kernel killed'

# ---- two at once, each its own
group_make one $((120 * mb)) && group_make two $((120 * mb)) || fail 'cannot make a group'
arm one threshold=60MiB reflex
arm two threshold=60MiB reflex
in_group one "$workload" burst 400MiB 200ms >/dev/null &
first=$!
in_group two "$workload" burst 400MiB 200ms >/dev/null &
second=$!
for group in one two; do
	wait_for 5 arm_recorded reflex $group || fail "$group was not hit"
	arm_records reflex $group | expect ".task_cgroup_id == $(group_id $group)"
done
ends 5 $first && ends 5 $second || fail 'both must be dead'
[ "$(kernel_kills one)$(kernel_kills two)" = 00 ] || fail 'the kernel killed'

# ---- the larger one that user space named, while a small one charges
case $(arm_source reflex) in
*'any task'*)
	group_make better $((200 * mb)) || fail 'cannot make a group'
	in_group better "$workload" hold 80MiB >"$work/ready" &
	wait_for 10 grep -q ready "$work/ready" || fail 'does not fill'
	large=$(cat "$(group_dir better)/cgroup.procs")
	arm better threshold=90MiB prefer="$large" reflex
	arm_do close
	in_group better "$workload" hold 30MiB >"$work/small" &
	small=$!
	wait_for 5 arm_recorded reflex better || fail 'no process was hit'
	arm_records reflex better | expect ".victim_pid == $large and .pid != $large and .other and .error == 0"
	wait_for 10 grep -q ready "$work/small" || fail 'the small one was hit'
	dead "$large" || fail 'the large one still runs'
	kill -9 $small

	# … but not where it is no longer under the armed one
	group_make away && group_make stays $((200 * mb)) || fail 'cannot make a group'
	in_group away "$workload" hold 100MiB >"$work/ready.away" &
	away=$!
	wait_for 10 grep -q ready "$work/ready.away" || fail 'does not fill'
	arm stays threshold=40MiB prefer="$(cat "$(group_dir away)/cgroup.procs")" reflex
	in_group stays "$workload" burst 80MiB 10ms >/dev/null
	wait_for 5 arm_recorded reflex stays || fail 'no process was hit'
	arm_records reflex stays | expect '.victim_pid == .pid and (.other | not)' 'the process that charged, not one elsewhere'
	alive $away || fail 'a process elsewhere was hit'
	kill -9 $away
	;;
*) echo "no signal to another task here: $(arm_source reflex)" ;;
esac

# ---- each arming gives exactly one record
for group in thread outer one two; do
	[ "$(arm_times reflex $group)" = 1 ] || fail "$group: $(arm_times reflex $group) records"
done
