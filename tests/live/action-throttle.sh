# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# reclaim and throttle by policy: reclaim swaps out; throttle sets memory.high where something can be reclaimed, and restores it
# once the usage is low again. Where nothing can be reclaimed both are skipped, and the next action follows at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

[ $v = 2 ] || skip 'memory.high and memory.reclaim are of cgroup v2'
group_make cached && group_make given && group_make anon || fail 'cannot make groups'
swap_on || skip 'without swap nothing can be reclaimed here'
echo 0 >"$(group_dir anon)/memory.swap.max"
high() { cat "$(group_dir "$1")/memory.high"; }
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: back
    match: {cgroup: "$ours/given"}
    when: {usage: 24MiB, for: 5s}
    actions: [{reclaim: 8MiB}]
  - name: cache
    match: {cgroup: "$ours/cached"}
    when: {usage: 24MiB}
    actions: [{throttle: {high: 20MiB, for: 20s}}]
  - name: anonymous
    match: {cgroup: "$ours/anon"}
    when: {usage: 24MiB}
    actions: [{throttle: {high: 20MiB, for: 60s}}, kill]
E
workload_start given hold 40M
gives=$workload_pid
acted reclaim '.result.status == "done" or (.result.detail | test("memory.reclaim"))' '' 30
reclaimed=$(jq -r .result.status "$work/action")
[ "$reclaimed" != "done" ] || expect '.size_bytes == 8388608 and .freed_bytes > 4000000' <"$work/action"
alive "$gives" || fail 'reclaim and throttle have killed'
kill "$gives"
workload_start cached hold 40M
acted throttle ".cgroup == \"$ours/cached\" and .size_bytes == 20971520" '' 15
calm() { [ "$(high cached)" = max ]; }
wait_for 20 calm || fail 'usage is low again, and memory.high is still set'
alive "$workload_pid" || fail 'reclaim and throttle have killed'
kill "$workload_pid"

workload_start anon leak 20M
wait_for 10 ended "$workload_pid" || fail 'nothing could be reclaimed, and it still runs'
acted throttle ".cgroup == \"$ours/anon\" and .result.status == \"skipped\""
acted kill ".cgroup == \"$ours/anon\" and .result.status == \"done\""
[ "$(high anon)" = max ] || fail 'a limit was set all the same'
no_kernel_oom
