# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# memory.high is restored: when the time of the throttle is over, when the daemon stops, after SIGKILL of the daemon, of the
# supervisor, of both; but not where another program has set another value meanwhile.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

[ $v = 2 ] || skip 'memory.high is of cgroup v2'
group_make hog || fail 'cannot make a group'
swap_on || skip 'without swap nothing can be reclaimed here'
high() { cat "$(group_dir hog)/memory.high"; }
throttled() { [ "$(high)" != max ]; }
free() { [ "$(high)" = max ]; }
printf 'mode: observe\ninterval: 200ms\n' >"$work/config"
throttle() {
	cli throttle "cgroup:$ours/hog" --size 48M --for "$1" --yes >"$work/said" 2>&1 || fail "throttle: $(cat "$work/said")"
	throttled || fail 'nothing was set'
}
daemon_on
workload_start hog hold 32M
wait_for 5 seen hog || fail 'not listed'
throttle 2s
acted throttle '.result.status == "done" and .size_bytes == 50331648 and .until_seconds == 2'
wait_for 10 free || fail 'its time is over, and it is still throttled'

throttle 5m
daemon_stop
free || fail 'a daemon that stopped has left a limit'

daemon_on
throttle 5m
g=$(snapshot | jq .host.guard.pid)
kill -KILL "$g"
wait_for 5 free || fail 'the daemon was killed, and the limit is still set'
another() { snapshot | ask ".host.guard.state == \"running\" and .host.guard.pid != $g"; }
wait_for 30 another || fail 'no new daemon'

throttle 5m
g=$(snapshot | jq .host.guard.pid)
daemon_and_supervisor_kill "$g" || fail 'the daemon outlives SIGKILL'
throttled || fail 'another program has restored the limit'
daemon_on
wait_for 5 free || fail 'daemon and supervisor were killed, and the next daemon has not restored the limit'
event_after 0 '.type == "guard" and .what == "restored"' >/dev/null || fail 'no event about the restored limit'

throttle 5m
echo 100M >"$(group_dir hog)/memory.high"
daemon_stop
[ "$(high)" = 104857600 ] || fail "the value of another program is now $(high)"
kill "$workload_pid"
