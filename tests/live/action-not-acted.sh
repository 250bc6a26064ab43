# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A policy that does not act says why: the host is short and there is no target for it, once; and an OOM kill of a container
# that a policy matches names the policy and the reason.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make hog1 67108864 || fail 'cannot make a group'
group_make spared 67108864 || fail 'cannot make a group'
daemon_with <<E
mode: enforce
interval: 200ms
rate_limit: {kills: 0, per: 10m}
protect: ["cgroup:$ours/spared"]
policies:
  - name: burst
    match: {cgroup: "$ours/*"}
    when: {usage: 50%}
    actions: [notify, kill]
  - name: host-is-short
    match: {cgroup: "$ours/none"}
    when: {host_available: 99%}
    actions: [notify, kill]
E
marked=$since since=0 # it may have been posted before the daemon answered
acted kill '.policy == "host-is-short" and .result.status == "skipped" and .result.detail == "nothing that it matches runs" and .target.cgroup == null'
since=$marked
sweeps 5
once() { [ "$(cli events --json --type action | jq -c 'select(.policy == "host-is-short")' | grep -c .)" = 1 ]; }
once || fail 'more than once'
cli events --type action | grep 'nothing that it matches runs' || fail 'not in the text'

killed() { event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/$1\"" >"$work/killed"; }
in_group hog1 "$workload" burst 128M 0s >/dev/null 2>&1
wait_for 10 killed hog1 || fail 'no OOM kill'
expect '.policy.name == "burst" and .policy.not_acted == "rate limit reached"' <"$work/killed"
in_group spared "$workload" burst 128M 0s >/dev/null 2>&1
wait_for 10 killed spared || fail 'no OOM kill'
expect '.policy.name == "burst" and .policy.not_acted == "protected"' <"$work/killed"
cli events --type oom_kill | grep 'policy burst had not acted: protected' || fail 'not in the text'
cli report latest | grep 'policy burst had not acted' || fail 'not in the report'
