# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Two enforcing daemons: the second one says that there is another, only logs what it would do, and acts once the first has
# ended. A process of a user that takes the lock stops no daemon.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

for tool in flock setpriv; do need $tool; done
no_lock=
group_make inner/app 134217728 || fail 'cannot make a group'
cat >"$work/config" <<E
mode: enforce
interval: 200ms
policies:
  - name: too-much
    match: {cgroup: "$ours/*"}
    when: {usage: 48MiB}
    actions: [{term: 2s}, kill]
    cooldown: 0s
E
# The first waits, or its target would have ended before the second one has seen it.
sed 's/usage: 48MiB/&, for: 2s/' "$work/config" >"$work/first.yaml"
degraded() { snapshot | ask ".host.guard.degraded[] | select(.what == \"$1\" and (.text | test(\"$2\")))"; }

BOARD=$work/first
daemon_start --config "$work/first.yaml" --scope "$ours" || fail 'the first daemon does not start'
in_mode enforce || skip "another daemon enforces on this host: $(degraded second_daemon .)"
first=$daemon first_pid=$(snapshot | jq .host.guard.pid)

# Its scope is part of the first one's.
BOARD=$work/second
daemon_start --config "$work/config" --scope "$ours/inner" || fail 'the second daemon does not start'
second_log=$work/daemon.log
since=0
in_mode dry-run || fail 'the second daemon enforces'
degraded second_daemon "pid $first_pid" || fail 'it does not say that there is another'
daemon_event '.what == "fallback" and (.text | startswith("another daemon"))' >/dev/null || fail 'no event'
grep 'another daemon enforces' "$second_log" || fail 'no line in its log'

since=$(mark)
in_group inner/app "$workload" hold 64M >/dev/null & # it may be killed before it is ready
wait_for 10 ended $! || fail 'the first daemon does not act'
acted term '.result.status == "dry_run" and .mode == "dry-run"'
no_action '.result.status == "done"'

# Stopped (SIGSTOP) it holds its place and does nothing. Its supervisor ends it after 10 s and starts it again: which of the
# two daemons then has the place is left to chance, and exactly one enforces.
kill -STOP "$first_pid"
wait_for 5 degraded second_daemon "pid $first_pid.* is stopped: nothing acts" || fail 'it does not say that the first one is stopped'
wait_for 20 eval "! kill -0 $first_pid" || fail 'a stopped daemon is not ended'
one_enforces() {
	modes=
	for BOARD in "$work/first" "$work/second"; do
		in_mode enforce && modes="$modes enforce"
		in_mode dry-run && modes="$modes dry-run"
	done
	[ "$modes" = ' enforce dry-run' ] || [ "$modes" = ' dry-run enforce' ]
}
wait_for 10 one_enforces || fail "not one daemon that enforces:$modes"

kill -TERM "$first" && wait "$first"
wait_for 2 in_mode enforce || fail 'the second daemon does not take over'
degraded second_daemon . && fail 'it is said to be degraded still'
since=$(mark)
in_group inner/app "$workload" hold 64M >/dev/null &
acted term '.result.status == "done" and .mode == "enforce"' '' 10
daemon_stop

# A user's process has the lock.
dir=$mount$ours/inner
setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "exec flock -x '$dir' sleep 600" &
holder=$!
# shellcheck disable=SC2046 # a list
scenario_clean_up() { kill "$holder" $(cat "/proc/$holder/task/$holder/children" 2>/dev/null) 2>/dev/null; }
locked() { ! flock -n "$dir" true; }
wait_for 5 locked || fail 'a user cannot lock: nothing to test'
BOARD=$work/third
daemon_start --config "$work/config" --scope "$ours/inner" || fail 'the third daemon does not start'
in_mode enforce || fail 'a process of a user stops the daemon'
degraded no_lock 'uid 65534' || fail 'it does not say which process has the lock'
