# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container that nests cgroups, or has many of them (HEADROOM_CGROUPS), or many processes (HEADROOM_CHILDREN), is killed within the
# bound of a kill. How many processes ended is exact on cgroup v1: on v2 the kernel kills, and counting them has a bound of 50 ms.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

# Deeper than the walk remembers (CGROUP_DEPTH), with a process at the top, in the middle and at the end.
depth=${HEADROOM_DEPTH:-1100}
group_make deep && cd "$(group_dir deep)" || fail 'cannot make a group'
level=0
while [ $level -lt $depth ] && mkdir d 2>/dev/null && cd -P d; do
	level=$((level + 1))
	[ $level != $((depth / 2)) ] || { sh -c 'echo 0 >cgroup.procs; exec sleep 120' & middle=$!; }
done
sh -c 'echo 0 >cgroup.procs; exec sleep 120' &
last=$!
scenario_clean_up() {
	kill -KILL "$middle" "$last" 2>/dev/null
	cd "$(group_dir deep)" || return
	while cd -P d 2>/dev/null; do :; done
	while [ $level -gt 0 ]; do cd -P .. && rmdir d; level=$((level - 1)); done
	cd "$top" || return
}
cd "$top" || exit
[ $level = $depth ] || fail "only $level levels"
workload_start deep hold 8M
enforce kill "cgroup:$ours/deep"
cat "$work/answer"
killed() { # processes, what
	answered ".status == \"done\" and .processes <= $1 and .processes >= (if $v == 1 then $1 else 1 end)" "$2"
}
killed 3 nested
! alive "$middle" && ! alive "$last" || fail 'a process is left'

# Many cgroups, the process in the last one.
group_make many || fail 'cannot make a group'
many=${HEADROOM_CGROUPS:-1000}
(cd "$(group_dir many)" && seq "$many" | xargs mkdir) || fail 'cannot make groups'
workload_start "many/$many" hold 8M
enforce kill "cgroup:$ours/many"
cat "$work/answer"
killed 1 'many cgroups'
(cd "$(group_dir many)" && seq "$many" | xargs rmdir) || fail 'the groups are not empty'

# Many children.
group_make crowd || fail 'cannot make a group'
children=${HEADROOM_CHILDREN:-1500}
in_group crowd "$build/tools/hog" groups 0 "$children" &
there() { [ "$(wc -l <"$(group_dir crowd)/cgroup.procs")" -gt "$children" ]; }
wait_for $((30 + children / 100)) there || fail 'the children are not there'
enforce kill "cgroup:$ours/crowd"
cat "$work/answer"
killed $((children + 1)) 'many children'
wait_for 10 empty crowd || fail 'some are left'
