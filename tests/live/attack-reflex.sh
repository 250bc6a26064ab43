# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container that tries to grow past the reflex: memory that it shares with another process (clone(CLONE_VM), vfork without exec), a
# thread, a process without its first thread, cgroups 30 and 100 levels deep, memory that another process writes. Each is hit before
# the kernel kills. And containers that are filled as soon as they are armed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

mb=1048576
group_make box $((64 * mb)) || fail 'cannot make groups'
daemon_with <<END
mode: enforce
rate_limit: {kills: 1000, per: 1m}
policies:
  - name: alone # without a second action, which may be quicker where the reflex sees nothing
    match: {cgroup: ["$ours/box", "$ours/box30", "$ours/box100"]}
    when: {usage: 98%}
    actions: [reflex]
    cooldown: 0s
  - name: whole
    match: {cgroup: ["$ours/pair", "$ours/crowd*", "$ours/other"]}
    when: {usage: 98%}
    actions: [reflex, kill]
    cooldown: 0s
  - name: share
    match: {cgroup: "$ours/new-*"}
    when: {usage: 90%}
    actions: [reflex, kill]
    cooldown: 0s
END
snapshot | ask '.host.guard.sources.reflex != "none"' || skip 'no reflex on this kernel'

hit() { # what it is, the armed group, the workload's group, the workload
	name=$1 whole=$2 below=$3
	shift 3
	wait_for 10 armed "$whole" || fail "$name: not armed"
	since=$(mark)
	in_group "$below" "$workload" "$@" >/dev/null 2>&1 &
	acted reflex ".cgroup == \"$ours/$whole\" and .result.status == \"done\"" "$name" 20
	# What shares the memory, and does not grow it, is left.
	# shellcheck disable=SC2046 # a list
	kill -9 $(cat "$(group_dir "$below")/cgroup.procs") 2>/dev/null
	wait_for 10 empty "$below" || fail "$name: it still runs"
	[ "$(kernel_kills "$whole")" = 0 ] || fail "$name: the kernel was first"
	echo "$name: hit"
}

hit plain box box burst 200MiB 1ms
hit 'clone(CLONE_VM)' box box sharer 200MiB
hit 'vfork without exec' box box no-exec 200MiB
hit thread box box thread 200MiB
hit 'without its first thread' box box leaderless

for depth in 30 100; do
	box=box$depth path=$(group_below "box$depth" $depth)
	group_make "$box" $((64 * mb)) && group_make "$path" || fail "cannot nest $depth groups"
	hit "$depth levels below" "$box" "$path" burst 200MiB 1ms
done

# More cgroups in one container than there are places, each with a process: another container is armed all the same.
group_make crowd $((256 * mb)) || fail 'cannot make groups'
n=0 crowd=
while [ $n -lt 70 ]; do
	n=$((n + 1))
	group_make "crowd/$n" || fail 'cannot make groups'
	in_group "crowd/$n" sleep 600 &
	crowd="$crowd $!"
done
sweeps 2
group_make other $((64 * mb)) || fail 'cannot make groups'
in_group other sleep 600 &
crowd="$crowd $!"
wait_for 10 armed other || fail 'a container that makes many cgroups keeps another from being armed'
echo '70 cgroups in one container: another one is armed'
# shellcheck disable=SC2086 # a list
kill $crowd

# The one that charges holds little, and the kernel would take the other.
group_make pair $((64 * mb)) || fail 'cannot make groups'
wait_for 10 armed pair || fail 'not armed'
in_group pair "$workload" writer 200MiB >/dev/null 2>&1
wait_for 10 empty pair || fail 'memory that another process writes: it still runs'
[ "$(kernel_kills pair)" = 0 ] || fail 'memory that another process writes: the kernel was first'

rounds=${HEADROOM_ROUNDS:-5} n=0 first=0
while [ $n -lt "$rounds" ]; do
	n=$((n + 1))
	group_make "new-$n" $((60 * mb)) || fail 'cannot make groups'
	wait_for 2 armed "new-$n" || fail 'a new group is not armed'
	in_group "new-$n" "$workload" burst 200MiB 1ms >/dev/null 2>&1
	[ "$(kernel_kills "new-$n")" = 0 ] || first=$((first + 1))
done
echo "filled as soon as it is armed: the kernel was first in $first of $rounds"
[ $first = 0 ] || fail 'the kernel was first'
