# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# SIGKILL to the right ones: a whole container with all below it, its largest process, one process, a process group; and to
# nobody where the target is not the one that was meant.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

# a container with a group of its own below, and several processes
group_make box || fail 'cannot make a group'
group_make other || fail 'cannot make a group'
[ $v = 2 ] || mkdir "$(group_dir box)/below"
feed other hold 8M
bystander=$prey
feed box fork 8 4M
[ $v = 2 ] || feed box/below hold 16M

# not the one that was meant: another id, a path that leads out, the root, a path that is gone
deed --id 1 kill "cgroup:$ours/box" && answered '.deed == "skipped" and .error == "ESTALE" and .processes == 0'
deed kill "cgroup:$ours/box/../other" && answered '.deed == "refused" and .processes == 0'
deed --id 1 kill 'cgroup:/' && answered '.deed == "refused"'
deed kill "cgroup:$ours/nobody" && answered '.deed == "skipped" and (.detail | test("gone"))'
alive "$prey" && alive "$bystander" || fail 'a refused kill killed'

# one that holds headroom itself
group_make self || fail 'cannot make a group'
feed self hold 4M
self() { # runs the tool inside the group that it is told to kill
	sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$(group_dir self)" \
		"$try" --undo "$work/undo" kill "cgroup:$ours/self" >"$work/answer"
}
self && answered '.deed == "refused" and .error == "EPERM" and .processes == 0'
alive "$prey" || fail 'a refused kill killed'

# the whole
deed kill "cgroup:$ours/box" || fail 'no answer'
answered '.deed == "done" and .processes >= 9 and .signal == 9 and .comm == "workload" and .pid > 0'
answered '.freed_bytes > 25000000 and .usage_after_bytes < 20000000 and .freed_after_ms != null'
empty box || fail 'somebody is left'
[ $v = 2 ] || empty box/below || fail 'somebody is left below'
alive "$bystander" || fail 'a bystander died'
deed kill "cgroup:$ours/box" && answered '.deed == "skipped" and .error == "ESRCH"' 'nobody is left'

# the largest of a container
feed box hold 8M
small=$prey
feed box hold 48M
deed kill-largest "cgroup:$ours/box" && answered ".deed == \"done\" and .pid == $prey and .processes == 1"
answered '.freed_bytes > 40000000'
alive "$small" || fail 'the smaller one died'

# one process, and one that has become another
deed --start 12345 kill "pid:$small" && answered '.deed == "skipped" and (.detail | test("another process"))'
alive "$small" || fail 'a reused pid was killed'
deed kill "pid:$small" && answered ".deed == \"done\" and .pid == $small and .freed_bytes > 7000000"
for never in 1 2; do
	deed kill "pid:$never" && answered '.deed == "refused" and .error == "EPERM"'
done
deed kill "pid:$$" && answered '.deed == "refused"' 'a parent of ours'

# a process group: all of it, and nobody else
# shellcheck disable=SC2016 # for the inner shell
setsid sh -c 'echo $$ >"$1"; exec "$0" fork 6 2M' "$workload" "$work/leader" >"$work/ready" &
wait_for 20 grep -q ready "$work/ready" || fail 'the job is not ready'
job=$(cat "$work/leader")
deed --start 12345 kill "job:$job" && answered '.deed == "skipped" and .processes == 0' 'another leader'
deed kill "job:$job" && answered '.deed == "done" and .processes == 7 and .freed_bytes > 10000000'
alive "$bystander" || fail 'a bystander died'
deed kill "job:$job" && answered '.deed == "skipped"'

# by the owner's own word
if "$try" protect "cgroup:$ours/other" 2>/dev/null; then
	deed kill "cgroup:$ours/other" && answered '.deed == "refused" and .error == "EPERM" and .detail == "protected by its owner"'
	alive "$bystander" || fail 'a protected one died'
	# and by itself, though it lives in a group below that
	mkdir "$(group_dir other)/below" || fail 'cannot make a group'
	feed other/below hold 8M
	deed kill "pid:$prey" && answered '.deed == "refused" and (.detail | test("owner"))'
	alive "$prey" || fail 'a process in a protected group died'
	kill -9 "$prey"
else
	[ $v = 1 ] || fail 'user.headroom cannot be set'
fi
