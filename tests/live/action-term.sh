# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# SIGTERM with a grace period: a process that obeys is not killed, and the period ends with it; one that ignores the signal is
# killed at the end of the period. The signal is configurable. Where the kernel would discard it for lack of a handler, the next
# action follows at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

for name in obeys ignores usr1; do group_make $name || fail 'cannot make groups'; done
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: usr1
    match: {cgroup: "$ours/usr1"}
    when: {usage: 32MiB}
    actions: [{term: {signal: SIGUSR1, grace: 30s}}, kill]
  - name: polite
    match: {cgroup: "$ours/*"}
    when: {usage: 32MiB}
    actions: [{term: 2s}, kill]
E
workload_start obeys leak 40M
wait_for 10 ended "$workload_pid" || fail 'SIGTERM has not ended it'
acted term ".cgroup == \"$ours/obeys\" and .signal == 15 and .result.status == \"done\" and .until_seconds == 2"
outcome_of "$(jq .seq "$work/action")" '.averted == true'
no_action ".cgroup == \"$ours/obeys\" and .action == \"kill\""

workload_start ignores --ignore-term leak 20M
wait_for 15 ended "$workload_pid" || fail 'the process that ignores SIGTERM still runs'
acted term ".cgroup == \"$ours/ignores\""
term=$(jq -r .seq "$work/action")
# No handler: the kernel would discard the signal, and no grace period of two seconds begins.
expect '.result.status | IN("done", "skipped")' <"$work/action"
acted kill ".cgroup == \"$ours/ignores\" and .result.status == \"done\""
[ "$(jq .seq "$work/action")" -gt "$term" ] || fail 'the kill came before the signal'
expect ".escalation == $term" 'one emergency' <"$work/action"

workload_start usr1 leak 40M
wait_for 10 ended "$workload_pid" || fail 'SIGUSR1 has not ended it'
acted term ".cgroup == \"$ours/usr1\" and .signal == 10"
no_action ".cgroup == \"$ours/usr1\" and .action == \"kill\""
no_kernel_oom
