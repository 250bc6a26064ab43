# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A rate limit of two kills: the daemon reports the third hog, but kills it only when the limit allows it again.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

for i in 1 2 3; do group_make hog$i || fail 'cannot make groups'; done
daemon_with <<E
mode: enforce
interval: 200ms
rate_limit: {kills: 2, per: 10s}
policies:
  - name: switch
    match: {cgroup: "$ours/*"}
    when: {usage: 32MiB}
    actions: [notify, kill]
E
for i in 1 2; do
	workload_start hog$i leak 40M
	wait_for 5 ended "$workload_pid" || fail "hog $i still runs within the rate limit"
done
workload_start hog3 leak 40M 48M
acted kill ".cgroup == \"$ours/hog3\" and .result.status == \"refused\" and (.result.detail | test(\"rate limit\"))"
alive "$workload_pid" || fail 'killed over the rate limit'
wait_for 15 ended "$workload_pid" || fail 'the rate limit allows it again, and the hog still runs'
acted kill ".cgroup == \"$ours/hog3\" and .result.status == \"done\""
no_kernel_oom
