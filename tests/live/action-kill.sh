# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container leaks past the usage of its policy: the daemon notifies, kills it and reports the outcome. Its neighbour survives,
# and the heap of the daemon does not grow.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make hog && group_make calm || fail 'cannot make groups'
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: switch
    match: {cgroup: "$ours/*"}
    when: {usage: 48MiB}
    actions: [notify, kill]
    cooldown: 1s
E
workload_start calm hold 24M
calm=$workload_pid
heap() { snapshot | jq .host.guard.heap_bytes; }
sweeps 9 # the daemon reads the size of its heap with every eighth sweep
before=$(heap)
for round in 1 2 3; do
	since=$(mark)
	workload_start hog leak 40M
	wait_for 10 ended "$workload_pid" || fail "the hog still runs (round $round)"
	acted notify '.result.status == "done" and .policy == "switch"'
	acted kill '.result.ok and .target.whole and .signal == 9 and .target.processes == 1 and .target.comm == "workload"'
	expect '.inputs.usage_bytes >= 50331648 and .inputs.threshold_bytes == 50331648' <"$work/action"
	expect ".cgroup == \"$ours/hog\" and .mode == \"enforce\" and .step == 2 and .steps == 2" <"$work/action"
	expect '.freed_bytes > 20000000' 'what it freed' <"$work/action"
	outcome_of "$(jq .seq "$work/action")" '.averted == true and .freed_bytes > 20000000'
	no_kernel_oom
	no_action ".cgroup != \"$ours/hog\""
	sweeps 6 # the cooldown is five intervals
done
alive "$calm" || fail 'the neighbour was killed'
sweeps 9 # the daemon reads the size of its heap with every eighth sweep
after=$(heap)
[ "$before" = 0 ] || [ "$before" = "$after" ] || fail "the heap was $before bytes, is $after after three kills"
