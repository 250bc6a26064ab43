# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# SIGTERM goes to the process that can end the container in good order, is not sent where the kernel would discard it, and the
# result comes as soon as the memory is free.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"
need unshare

group_make box || fail 'cannot make a group'
group_make web.service || fail 'cannot make a group'

# group, command…: runs it in the group
inside() {
	into=$1
	shift
	: >"$work/ready"
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'echo 0 >"$1" || exit; shift; exec "$@"' - "$(group_dir "$into")/cgroup.procs" "$@" >"$work/ready" &
	workload_pid=$!
	wait_for 20 grep -q ready "$work/ready" || fail "not ready: $*"
}

# an init with a handler, which needs a moment to end
# shellcheck disable=SC2016 # for the inner shell
polite='"$0" hold 24M & a=$!; sleep 1000 & b=$!; trap "kill $a $b; exit 0" TERM; wait'
inside box unshare -fp sh -c "$polite" "$workload"
began=$(now)
enforce --deadline 30s term "cgroup:$ours/box"
answered '.status == "done" and .signal == 15 and .processes == 1 and .comm == "sh"'
answered '.freed_bytes > 20000000 and .freed_after_ms != null'
[ $(($(now) - began)) -lt $((500 * slow)) ] || fail 'the grace period did not end early'
wait_for 5 empty box || fail 'a process is left'

# an init without a handler: at once, and nothing is sent
inside box unshare -fp "$workload" hold 24M
began=$(now)
enforce --deadline 30s term "cgroup:$ours/box"
answered '.status == "skipped" and .processes == 0 and .detail == "SIGTERM would be discarded: the init has no handler"'
[ $(($(now) - began)) -lt $((100 * slow)) ] || fail 'it waited for what cannot come'
# another signal by name would be, too; the whole container goes nevertheless, init and all
enforce --signal 10 term "cgroup:$ours/box" && answered '.status == "skipped" and (.detail | test("^SIGUSR1"))'
enforce kill-largest "cgroup:$ours/box" && answered '.status == "done"' 'unshare, which is not the init, or the init as the only one'
enforce kill "cgroup:$ours/box" && answered '.status == "done" or .error == "ESRCH"'
wait_for 5 empty box || fail 'a process is left'

# a service: its oldest process
inside web.service sh -c "$polite" "$workload"
main=$workload_pid
enforce --deadline 30s term "cgroup:$ours/web.service" && answered ".status == \"done\" and .pid == $main and .processes == 1"
wait_for 5 empty web.service || fail 'a process is left'

# equal processes: all of them
workload_start box hold 8M
first=$workload_pid
workload_start box hold 8M
enforce term "cgroup:$ours/box" && answered '.status == "done" and .processes == 2 and .freed_bytes > 14000000'
alive "$first" && fail 'one of two equals still runs'

# a process that ignores it gets none; if all ignore it, skipped
workload_start box --ignore-term hold 8M
deaf=$workload_pid
enforce --deadline 30s term "cgroup:$ours/box" && answered '.status == "skipped" and (.detail | test("it ignores it"))'
enforce --deadline 30s term "pid:$deaf" && answered '.status == "skipped" and (.detail | test("it ignores it"))'
enforce --deadline 30s --signal 1 term "pid:$deaf" && answered '.status == "done" and .signal == 1'
alive "$deaf" && fail 'SIGHUP did not reach it'

# a grace period that runs out is reported as such, and is no failure
inside box sh -c 'trap : TERM; "$0" hold 8M & while :; do wait; sleep 0.1; done' "$workload"
enforce --deadline 1s term "pid:$workload_pid" && answered '.status == "done" and (.detail | test("^still there after 1000 ms"))'
enforce kill "cgroup:$ours/box" && answered '.status == "done"'
