# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# memory.oom.group: where the kernel would kill all of a group at once. Our own kill of it is one action that counts every
# process and is no OOM kill of the kernel; where both kill at the same time no process is counted twice, and the events say which
# of the two it was.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
[ $v = 2 ] || skip 'memory.oom.group is cgroup v2 only'

group_make other || fail 'cannot make a group'
workload_start other hold 8M
bystander=$workload_pid
scenario_clean_up() { kill -KILL "$bystander" 2>/dev/null; }
count_of() { awk -v key="$2" '$1 == key { n = $2 } END { print n + 0 }' "$(group_dir "$1")/memory.events"; }
# group, its limit: three of 8 MB each
crew() {
	group_make "$1" "$2" && echo 1 >"$(group_dir "$1")/memory.oom.group" || fail 'cannot make a group'
	for _ in 1 2 3; do workload_start "$1" hold 8M; done
}

# Ours alone, of the whole: three, and the kernel has nothing to count.
crew crew 62914560
enforce kill "cgroup:$ours/crew"
answered '.status == "done" and .processes == 3 and .signal == 9 and .freed_bytes > 20000000 and .detail == ""'
wait_for 5 empty crew || fail 'a process is left'
[ "$(count_of crew oom_group_kill)$(count_of crew oom_kill)" = 00 ] || fail 'the kernel counts our kill as its own'
# Of its largest: one; that all go together is the kernel's rule, for its own kills.
for _ in 1 2; do workload_start crew hold 8M; done
workload_start crew hold 24M
enforce kill-largest "cgroup:$ours/crew" && answered ".status == \"done\" and .processes == 1 and .pid == $workload_pid"
[ "$(grep -c . "$(group_dir crew)/cgroup.procs")" = 2 ] || fail 'others than the largest went, too'
enforce kill "cgroup:$ours/crew" && answered '.processes == 2'

# Both at once: a rule's size and then the limit are crossed at full speed. Either may come first.
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: crew
    match: {cgroup: "$ours/race*"}
    when: {usage: 40MiB}
    actions: [kill]
    cooldown: 0s
rate_limit: none
E
of() { cli events --json | jq -c "select(.seq > $since and .cgroup == \"$ours/$1\" and .type == \"$2\")"; }
# group: the action has its outcome, or the kernel was alone
judged() { [ -n "$(of "$1" outcome)" ] || { [ -z "$(of "$1" action)" ] && [ -n "$(of "$1" oom_kill)" ]; }; }
emptied() { grep -q '^populated 0' "$(group_dir "$1")/cgroup.events"; }
ours_won=0 kernels=0
for round in 1 2 3 4 5 6; do
	name=race$round
	since=$(mark)
	crew "$name" 62914560
	in_group "$name" "$workload" burst 200M 100ms >/dev/null 2>&1 &
	wait_for 10 emptied "$name" || fail "$name: a process still runs"
	wait_for 20 judged "$name" || { events_print; fail "$name: neither an outcome nor an OOM kill"; }
	actions=$(of "$name" action)
	won=$(printf '%s\n' "$actions" | jq -s 'map(select(.result.status == "done")) | length')
	[ "$(printf '%s\n' "$actions" | jq -s length)" -le 1 ] || { events_print; fail "$name: killed twice"; }
	group=$(count_of "$name" oom_group_kill) reported=$(of "$name" oom_kill | jq -s 'map(.victim.pid) | unique | length')
	[ "$(of "$name" oom_kill | grep -c .)" = "$reported" ] || { events_print; fail "$name: a victim was reported twice"; }
	[ "$(count_of "$name" oom_kill)" -gt 0 ] || [ "$reported" = 0 ] || fail "$name: victims that the kernel has not counted"
	[ "$group" -le 1 ] || fail "$name: the kernel killed twice"
	if [ "$won" = 1 ]; then
		ours_won=$((ours_won + 1))
		of "$name" action | expect '.target.whole and .target.processes >= 1' "$name"
		of "$name" outcome | expect ".averted == $([ "$(count_of "$name" oom_kill)" = 0 ] && echo true || echo false)" "$name: averted"
	fi
	[ "$group" = 0 ] || kernels=$((kernels + 1))
done
echo "of six: $ours_won actions of ours, $kernels of the kernel's"
alive "$bystander" || fail 'a bystander died'
