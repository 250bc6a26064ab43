# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# resize by policy: a container that stops to grow above its limit lives on under a higher one. When the time is over, that is lowered
# to what is used and a margin; the old one is back when the container has ended. Refused where a limit above binds.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make grows 67108864 && group_make pod/only 33554432 || fail 'cannot make groups'
echo 33554432 >"$(group_dir pod)/$(limit_file)" || fail 'cannot limit the pod'
limit() { cat "$(group_dir "$1")/$(limit_file)"; }
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: more
    match: {cgroup: "$ours/grows"}
    when: {used: 80%}
    actions: [{resize: {by: 100%, for: 4s}}, kill]
E
workload_start pod/only hold 4M
pod=$workload_pid
# by hand
wait_for 5 seen pod/only || fail 'not listed'
cli resize "cgroup:$ours/pod/only" --yes >"$work/said" 2>&1
[ $? = 4 ] || fail "not refused: $(cat "$work/said")"
acted resize ".cgroup == \"$ours/pod/only\" and .result.status == \"refused\" and (.result.detail | test(\"binds.*$ours/pod|$ours/pod binds\"))"
kill "$pod"

workload_start grows leak 12M 70M
acted resize ".cgroup == \"$ours/grows\" and .result.status == \"done\" and .size_bytes == 134217728" '' 20
[ "$(limit grows)" -gt "$(usage grows)" ] || fail "the limit is $(limit grows)"
[ "$(usage grows)" -gt 70000000 ] || fail 'it does not use more than its old limit'

# its time is over, and it still uses more than the old limit: lowered, and not killed
lowered() { [ "$(limit grows)" -lt 120000000 ]; }
wait_for 20 lowered || fail "the limit is $(limit grows)"
[ "$(limit grows)" -gt "$(usage grows)" ] || fail "the limit is $(limit grows), usage $(usage grows)"
alive "$workload_pid" || { events_print; fail 'it was killed'; }
no_action '.action == "kill"'
kill "$workload_pid"
back() { [ "$(limit grows)" = 67108864 ]; }
wait_for 10 back || fail "the limit stayed at $(limit grows)"
wait_for 5 daemon_event '.what == "restored"' || fail 'no event about the restored limit'
no_kernel_oom
