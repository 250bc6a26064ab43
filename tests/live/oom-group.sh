# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# memory.oom.group, as the kubelet sets it: one OOM that takes all of a container is one event and one OOM kill, as the kernel's
# oom_group_kill counts it; that the pod above has the same limit changes nothing. Kills that are not of one group stay apart.
. "$(dirname "$0")/lib.sh"

[ $v = 2 ] || skip 'memory.oom.group is cgroup v2 only'
since=$(mark)
victims() { cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and .cgroup == \"$ours/$1\")"; }
n_events() { [ "$(victims "$1" | wc -l)" = "$2" ]; }
shows() { snapshot | ask "$(entry "$1") | select($2)"; }
# group, kills, events that are expected: counted so, and by the kernel's group kills where it has them (5.17)
judge() {
	wait_for 2 n_events "$1" "$3" || { victims "$1" >&2 && fail "$1: $3 events were expected"; }
	wait_for 3 shows "$1" ".oom_kills_total == $2" || { victims "$1" | jq -c '{time, seq, victim, trigger, processes, flags}' >&2; false; } || snapshot | jq "$(entry "$1")" | expect ".oom_kills_total == $2" "$1"
}
crew() { # group, others
	for _ in $(seq "$2"); do in_group "$1" sleep 600 & done
}

group_make pod/crew 52428800 && echo 52428800 >"$(group_dir pod)/memory.max" || fail 'cannot make a group'
echo 1 >"$(group_dir pod/crew)/memory.oom.group"
crew pod/crew 4
wait_for 5 seen pod/crew || fail 'the group is not listed'
in_group pod/crew tail /dev/zero
judge pod/crew 1 1
victims pod/crew | expect '.processes == 5 and (.flags | index("group")) and .victim.comm == "tail"' 'one event of five processes'
cli events --type oom_kill | grep -q 'and 4 more of its group' || fail 'the line does not say how many'
# Again in the same cgroup; and the kernel's own counts stay as they are.
crew pod/crew 2
in_group pod/crew tail /dev/zero
judge pod/crew 2 2
victims pod/crew | jq -s '.[1]' | expect '.processes == 3'
counts='.events | (.oom_group_kill == 2 or .oom_group_kill == null) and .oom_kill >= 8'
wait_for 3 shows pod/crew "$counts" || snapshot | jq "$(entry pod/crew)" | expect "$counts" "the kernel's counts"
# The cgroup above has none of its own.
shows pod '.oom_kills_total == 0' || fail 'the pod counts the kills of its container'

# Two kills that have nothing to do with each other, of which the second follows at once.
group_make plain 33554432 || fail 'cannot make a group'
crew plain 1
in_group plain tail /dev/zero
in_group plain tail /dev/zero
judge plain 2 2
victims plain | jq -s 'map({time, victim, processes, flags})' | expect 'map(.processes == 1 and .flags - ["inferred", "parent_warned"] == []) | all' 'two kills of one process each'

# The group is the pod: each of its containers was OOM-killed, once.
group_make both/one || fail 'cannot make a group'
group_make both/two || fail 'cannot make a group'
echo 52428800 >"$(group_dir both)/memory.max"
echo 1 >"$(group_dir both)/memory.oom.group"
crew both/one 2
crew both/two 2
in_group both/one tail /dev/zero
judge both/one 1 1
judge both/two 1 1
victims both/one | expect '.processes == 3'
victims both/two | expect '.processes == 2 and (.flags | index("group"))'
# What the kernel counts again (the chosen process twice) must not become one more.
sweeps 4
for group in pod/crew both/one both/two; do
	n=$(victims $group | wc -l)
	[ "$n" = "$([ $group = pod/crew ] && echo 2 || echo 1)" ] || { victims $group | jq -c '{time, seq, victim, trigger, processes, flags}' >&2; fail "$group: $n events in the end"; }
done
cli report | grep -q "and 4 more of its group" || { cli report >&2 && fail 'the report does not name the group'; }
