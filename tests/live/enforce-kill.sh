# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# SIGKILL to a whole container with all below it, to its largest process, to one process, to a process group; and to none where
# the target is no longer the one that was chosen.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

# a container with a group of its own below, and several processes
group_make box || fail 'cannot make a group'
group_make other || fail 'cannot make a group'
[ $v = 2 ] || mkdir "$(group_dir box)/below"
workload_start other hold 8M
bystander=$workload_pid
workload_start box fork 8 4M
[ $v = 2 ] || workload_start box/below hold 16M

# not the one that was chosen: another id, a path that leads out, the root, a path that is gone
enforce --id 1 kill "cgroup:$ours/box" && answered '.status == "skipped" and .error == "ESTALE" and .processes == 0'
enforce kill "cgroup:$ours/box/../other" && answered '.status == "refused" and .processes == 0'
enforce --id 1 kill 'cgroup:/' && answered '.status == "refused"'
enforce kill "cgroup:$ours/none" && answered '.status == "skipped" and (.detail | test("gone"))'
alive "$workload_pid" && alive "$bystander" || fail 'a refused action has killed'

# one that holds headroom itself
group_make self || fail 'cannot make a group'
workload_start self hold 4M
self() { # runs the tool inside the group that it has to kill
	sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$(group_dir self)" \
		"$try" --undo "$work/undo" kill "cgroup:$ours/self" >"$work/answer"
}
self && answered '.status == "refused" and .error == "EPERM" and .processes == 0'
alive "$workload_pid" || fail 'a refused action has killed'

# the whole
enforce kill "cgroup:$ours/box"
answered '.status == "done" and .processes >= 9 and .signal == 9 and .comm == "workload" and .pid > 0'
answered '.freed_bytes > 25000000 and .usage_after_bytes < 20000000 and .freed_after_ms != null'
empty box || fail 'a process is left'
[ $v = 2 ] || empty box/below || fail 'a process is left below'
alive "$bystander" || fail 'a bystander died'
enforce kill "cgroup:$ours/box" && answered '.status == "skipped" and .error == "ESRCH"' 'no processes left'

# the largest of a container
workload_start box hold 8M
small=$workload_pid
workload_start box hold 48M
enforce kill-largest "cgroup:$ours/box" && answered ".status == \"done\" and .pid == $workload_pid and .processes == 1"
answered '.freed_bytes > 40000000'
alive "$small" || fail 'the smaller one died'

# … which is the process that frees the most, not one of nine that share more
group_make shares || fail 'cannot make a group'
workload_start shares prefork 8 40M cow
server=$workload_pid
workload_start shares hold 20M
enforce kill-largest "cgroup:$ours/shares" && answered ".status == \"done\" and .pid == $workload_pid and .freed_bytes > 15000000"
alive "$server" || fail 'the server was killed'
kill "$server"

# one process, and one that has become another
enforce --start 12345 kill "pid:$small" && answered '.status == "skipped" and (.detail | test("another process"))'
alive "$small" || fail 'a reused pid was killed'
enforce kill "pid:$small" && answered ".status == \"done\" and .pid == $small and .freed_bytes > 7000000"
for never in 1 2; do
	enforce kill "pid:$never" && answered '.status == "refused" and .error == "EPERM"'
done
enforce kill "pid:$$" && answered '.status == "refused"' 'a parent of ours'

# a process group: all of it, and no other process
# shellcheck disable=SC2016 # for the inner shell
setsid sh -c 'echo $$ >"$1"; exec "$0" fork 6 2M' "$workload" "$work/leader" >"$work/ready" &
wait_for 20 grep -q ready "$work/ready" || fail 'the process group is not ready'
job=$(cat "$work/leader")
enforce --start 12345 kill "group:$job" && answered '.status == "skipped" and .processes == 0' 'another leader'
enforce kill "group:$job" && answered '.status == "done" and .processes == 7 and .freed_bytes > 10000000'
alive "$bystander" || fail 'a bystander died'
enforce kill "group:$job" && answered '.status == "skipped"'

# protected by an attribute
if "$try" protect "cgroup:$ours/other" 2>/dev/null; then
	enforce kill "cgroup:$ours/other" && answered '.status == "refused" and .error == "EPERM" and .detail == "protected by an attribute of its cgroup"'
	alive "$bystander" || fail 'a protected one died'
	# and a process by itself, in a group below that
	mkdir "$(group_dir other)/below" || fail 'cannot make a group'
	workload_start other/below hold 8M
	enforce kill "pid:$workload_pid" && answered '.status == "refused" and (.detail | test("an attribute of its cgroup protects"))'
	alive "$workload_pid" || fail 'a process in a protected group died'
	kill -9 "$workload_pid"
else
	[ $v = 1 ] || fail 'user.headroom cannot be set'
fi
