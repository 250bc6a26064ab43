# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Dry run: every action of the policy becomes an event with its inputs, and none is executed. In observe mode there are no
# events either, but the board shows the next action.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make hog 134217728 || fail 'cannot make a group'
rules() {
	cat <<E
mode: $1
interval: 200ms
policies:
  - name: ladder
    match: {cgroup: "$ours/*"}
    when: {usage: 48MiB}
    actions: [notify, reflex, {reclaim: 8MiB}, {throttle: {high: 40MiB, for: 1s}}, {term: 1s}, kill]
    on_exit: {run: [touch, "$work/touched"]}
E
}
rules observe >"$work/config"
daemon_on
workload_start hog hold 64M
next() { snapshot | ask "$(entry hog) | .next_action.action == \"$1\" and .next_action.policy == \"ladder\""; }
wait_for 5 next notify || fail 'the board does not show the next action'
sweeps 4
no_action 'true'

rules dry-run >"$work/config"
reload configuration_loaded
in_mode dry-run || fail 'the mode is not in force'
for action in notify reflex reclaim term kill on_exit; do
	acted "$action" '.result.status == "dry_run" and .mode == "dry-run" and .policy == "ladder"' '' 10
done
# Nothing there can be reclaimed without swap; with swap the throttle is a dry run, too.
acted throttle '.result.status | IN("skipped", "dry_run")'
expect '.escalation > 0 and .inputs.usage_bytes > 60000000' <"$work/action"
no_action '.result.status == "done" or .result.status == "failed"'
alive "$workload_pid" || fail 'a dry run has killed'
[ ! -e "$work/touched" ] || fail 'a dry run has run a command'
if [ $v = 2 ]; then
	[ "$(cat "$(group_dir hog)/memory.high")" = max ] || fail 'a dry run has set a limit'
fi
snapshot | expect "$(entry hog) | .state == \"running\""
kill "$workload_pid"
