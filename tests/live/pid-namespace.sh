# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A daemon in a PID namespace of its own says that it cannot see the host's processes: at start, in what is degraded, and with
# each action that finds none. It does not say that they are gone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
need unshare

group_make hog 134217728 && group_make held || fail 'cannot make groups'
cat >"$work/config" <<E
mode: enforce
interval: 200ms
policies:
  - name: switch
    match: {cgroup: "$ours/hog"}
    when: {usage: 32MiB}
    actions: [{term: 2s}, kill]
E
unshare --pid --fork --mount-proc --kill-child "$build/headroomd" --no-lock --config "$work/config" --board "$BOARD" >"$work/daemon.log" 2>&1 &
outer=$!
scenario_clean_up() { kill -KILL "$outer" 2>/dev/null; } # unshare ignores SIGTERM while it waits; --kill-child ends the rest
degraded() { snapshot | ask '.host.guard.degraded[] | select(.what == "pid_namespace" and (.text | test("--pid host")))'; }
wait_for 60 degraded || fail 'it is not said to be degraded'
grep 'PID namespace' "$work/daemon.log" || fail 'no line at the start'
since=0
# Its processes are not counted as none: of the BPF sweep they are unknown, too, after the first process pass.
uncounted() { snapshot | ask "$(entry held) | select(.pids != 0 and .rss_bytes != 0)"; }
workload_start held hold 8M
in_group hog "$workload" hold 64M >/dev/null 2>&1 & # with cgroup.kill it may end before it holds all
hog=$!
acted term '.result.status != "done" and (.result.detail | test("PID namespace"))' '' 20
passes=0
until [ $passes -gt 2 ]; do
	uncounted >/dev/null || fail "processes that are not visible count as none: $(snapshot | jq -c "$(entry held) | {pids, rss_bytes}")"
	passes=$((passes + 1))
	sweeps 10
done
if [ ! -e "$(group_dir hog)/cgroup.kill" ]; then # v1, and 5.10
	acted kill '.result.status != "done" and (.result.detail | test("PID namespace"))' '' 20
	alive $hog || fail 'it was killed unseen'
else
	acted kill '.result.status == "done"' 'cgroup.kill needs no pid' 20
fi
