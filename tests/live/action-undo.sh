# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What was set is taken back: when the throttle's time is over, when the guard stops, after SIGKILL of the guard, of the
# supervisor, of both; and not where somebody has set another value meanwhile.
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
	face "do" throttle "cgroup:$ours/hog" --size 48M --for "$1" --yes >"$work/said" 2>&1 || fail "throttle: $(cat "$work/said")"
	throttled || fail 'nothing was set'
}
guard_on
feed hog hold 32M
wait_for 5 seen hog || fail 'not listed'
throttle 2s
acted throttle '.result.deed == "done" and .size_bytes == 50331648 and .until_seconds == 2'
wait_for 10 free || fail 'its time is over, and it is still throttled'

throttle 5m
guard_stop
free || fail 'a guard that stopped has left a limit'

guard_on
throttle 5m
g=$(snapshot | jq .host.guard.pid)
kill -KILL "$g"
wait_for 5 free || fail 'the guard was killed, and nobody took the limit back'
another() { snapshot | ask ".host.guard.state == \"running\" and .host.guard.pid != $g"; }
wait_for 30 another || fail 'no new guard'

throttle 5m
g=$(snapshot | jq .host.guard.pid)
guard_kill_both "$g" || fail 'the guard outlives SIGKILL'
throttled || fail 'somebody else has taken it back'
guard_on
wait_for 5 free || fail 'guard and supervisor were killed, and the next one has not taken the limit back'
event_after 0 '.type == "guard" and .what == "restored"' >/dev/null || fail 'that was not told'

throttle 5m
echo 100M >"$(group_dir hog)/memory.high"
guard_stop
[ "$(high)" = 104857600 ] || fail "what somebody else had set is now $(high)"
kill "$prey"
