# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# resize by policy: a container that stops to grow above its limit lives on under a higher one. When the time is over, that is lowered
# to what is used and a margin; the old one is back when the container has ended. Refused where a limit above binds.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make grows 33554432 && group_make pod/only 16777216 || fail 'cannot make groups'
echo 16777216 >"$(group_dir pod)/$(limit_file)" || fail 'cannot limit the pod'
limit() { cat "$(group_dir "$1")/$(limit_file)"; }
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: more
    match: {cgroup: "$ours/grows"}
    when: {used: 80%}
    actions: [{resize: {by: 24MiB, for: 10m}}, kill]
E
workload_start pod/only hold 4M
pod=$workload_pid
# by hand
wait_for 5 seen pod/only || fail 'not listed'
cli resize "cgroup:$ours/pod/only" --yes >"$work/said" 2>&1
[ $? = 4 ] || fail "not refused: $(cat "$work/said")"
acted resize ".cgroup == \"$ours/pod/only\" and .result.status == \"refused\" and (.result.detail | test(\"binds.*$ours/pod|$ours/pod binds\"))"
kill "$pod"

# above the share: raised, and there is room for more than the old limit
workload_start grows hold 27M
first=$workload_pid
acted resize ".cgroup == \"$ours/grows\" and .result.status == \"done\" and .size_bytes == 58720256" '' 20
[ "$(limit grows)" = 58720256 ] || fail "the limit is $(limit grows)"
workload_start grows hold 8M
[ "$(usage grows)" -gt 34000000 ] || fail 'it does not use more than its old limit'

# its time is over, and it still uses more than the old limit: lowered, and not killed
cli resize "cgroup:$ours/grows" --by 4M --for 1s --yes >"$work/said" 2>&1 || fail "resize: $(cat "$work/said")"
lowered() { [ "$(limit grows)" -lt 58000000 ]; }
wait_for 20 lowered || fail "the limit is $(limit grows)"
[ "$(limit grows)" -gt "$(usage grows)" ] || fail "the limit is $(limit grows), usage $(usage grows)"
alive "$first" || { events_print; fail 'it was killed'; }
alive "$workload_pid" || { events_print; fail 'it was killed'; }
no_action '.action == "kill"'
kill "$first" "$workload_pid"
back() { [ "$(limit grows)" = 33554432 ]; }
wait_for 10 back || fail "the limit stayed at $(limit grows)"
wait_for 5 daemon_event '.what == "restored"' || fail 'no event about the restored limit'
no_kernel_oom

# memory.high goes up with it. The daemon is killed: its supervisor restores both.
also() { if [ $v = 2 ]; then cat "$(group_dir grows)/memory.high"; else echo 25165824; fi; }
[ $v = 1 ] || echo 25165824 >"$(group_dir grows)/memory.high" || fail 'cannot set memory.high'
workload_start grows hold 4M
cli resize "cgroup:$ours/grows" --by 8M --yes >"$work/said" 2>&1 || fail "resize: $(cat "$work/said")"
[ "$(limit grows)" = 41943040 ] || fail "the limit is $(limit grows)"
[ $v = 1 ] || [ "$(also)" = 33554432 ] || fail "memory.high is $(also)"
kill -KILL "$(snapshot | jq .host.guard.pid)"
restored() { [ "$(limit grows) $(also)" = '33554432 25165824' ]; }
wait_for 5 restored || fail "the daemon was killed, and the limit is $(limit grows), memory.high $(also)"
