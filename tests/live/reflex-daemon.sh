# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The reflex under a real daemon: a policy asks for it, the daemon arms it, and the BPF program kills a burst at full
# speed before the kernel's OOM killer does. Each kill is an action event with its inputs. The kernel OOM-kills a neighbour
# without the policy.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

mb=1048576 size=200
[ -z "${HEADROOM_VM:-}" ] || size=60
for n in 1 2 3 4; do group_make hog$n $((size * mb)) || fail 'cannot make a group'; done
group_make other $((size * mb)) || fail 'cannot make a group'
daemon_with <<E
mode: enforce
interval: 200ms
policies:
  - name: quick
    match: {cgroup: "$ours/hog*"}
    when: {usage: 75%}
    actions: [reflex]
rate_limit: {kills: 100, per: 1m}
E
[ "$(cli check --json | jq -r '.. | objects | select(.signal? == "reflex") | .variant' | head -n 1)" != none ] ||
	skip 'no reflex on this kernel'

# Before a process is there: one that takes all its memory at once leaves no time for it.
for n in 1 2 3 4; do wait_for 10 armed hog$n || fail "hog$n is not armed"; done

for n in 1 2 3 4; do
	in_group hog$n "$workload" burst $((size * 4))MiB 1ms >/dev/null
	acted reflex ".cgroup == \"$ours/hog$n\"" "hog$n"
	expect ".result.status == \"done\" and .mode == \"enforce\" and .policy == \"quick\" and
		.inputs.usage_bytes >= $((size * mb * 3 / 4 - 65 * 4096))" <"$work/action"
	[ "$(kernel_kills hog$n)" = 0 ] || fail 'the kernel killed'
done
in_group other "$workload" burst $((size * 4))MiB 1ms >/dev/null
[ "$(kernel_kills other)" = 1 ] || fail 'the neighbour did not reach its limit'
sweeps 3
[ "$(cli events --json | jq -c "select(.seq > $since and .type == \"action\" and .action == \"reflex\")" | wc -l)" = 4 ] ||
	fail 'not one event for each'
no_action ".cgroup == \"$ours/other\""
