# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A victim that has begun to end and then gets no CPU time: process_mrelease does not accept it,
# and on newer kernels no cgroup.procs lists it. The daemon finds it all the same and gives it CPU time to free its memory, as
# one process and as a part of its group, and touches no other process.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"
need renice
need taskset
size=${SIZE:-$((200 / (slow > 1 ? 4 : 1)))M}
mask=$(printf %x $((1 << $(grep -c ^processor /proc/cpuinfo) - 1))) # the last CPU
group_make box && group_make other || fail 'cannot make a group'
workload_start other hold 8M
bystander=$workload_pid
hogs=
scenario_clean_up() {
	# shellcheck disable=SC2086 # a list
	[ -z "$hogs" ] || kill -KILL $hogs 2>/dev/null
	hogs=
}
nice_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 17; }
nice_before=$(nice_of "$bystander")

# It has released its address space, but the memory is still charged.
caught() {
	read -r _ resident _ 2>/dev/null <"/proc/$1/statm" && [ "$resident" = 0 ] && [ "$(usage box)" -gt "$least" ]
}
over() { [ "$(usage box)" -le "$least" ] || caught "$1"; }
# A victim in the middle of its end; false: it was too quick.
dying() {
	workload_start box hold "$size"
	least=$(($(usage box) / 2))
	taskset -p "$mask" "$workload_pid" >/dev/null && renice -n 19 -p "$workload_pid" >/dev/null || fail 'cannot starve it'
	for _ in 1 2; do
		taskset "$mask" sh -c 'while :; do :; done' &
		hogs="$hogs $!"
		renice -n -20 -p $! >/dev/null
	done
	for hog in $hogs; do wait_for 10 runs "$hog" || fail 'a hog does not get the CPU'; done
	kill -TERM "$workload_pid"
	wait_for 30 over "$workload_pid" || return 1 # it got no CPU time at all
	caught "$workload_pid"
}

tries=0
while :; do
	until dying; do
		scenario_clean_up
		wait_for 30 empty box || fail 'a victim still runs without the hogs'
		tries=$((tries + 1))
		[ $tries -lt 10 ] || skip "no victim was caught while it ended, in $tries tries"
	done
	[ -s "$work/without" ] && break
	# Without help: nothing frees it.
	grep -qx "$workload_pid" "$(group_dir box)/cgroup.procs" && echo listed >"$work/without" || echo 'not listed' >"$work/without"
	enforce --no-hurry --deadline 300ms kill "cgroup:$ours/box"
	jq -c '{status, detail, freed_bytes, processes}' "$work/answer"
	scenario_clean_up
	wait_for 30 empty box || fail 'a victim still runs without the hogs'
done
had=$(usage box)
enforce --deadline 10s kill "cgroup:$ours/box"
echo "$size, ending, without CPU time, $(cat "$work/without") in cgroup.procs: $(jq -r '.freed_after_ms // "not freed"' "$work/answer") ms"
answered ".status == \"done\" and .processes == 1 and .pid == $workload_pid and .comm == \"workload\""
answered ".usage_before_bytes > $((had / 2)) and .freed_bytes > .usage_before_bytes / 2 and .freed_after_ms != null"
alive "$bystander" && [ "$(nice_of "$bystander")" = "$nice_before" ] || fail 'a bystander was touched'
scenario_clean_up
wait_for 30 empty box || fail 'it still runs'
enforce kill "cgroup:$ours/box" && answered '.status == "skipped" and .error == "ESRCH"' 'no processes left'
