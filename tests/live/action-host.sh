# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The host runs out of memory: the daemon kills the container that grows, not the largest one; outside of containers it kills a
# build of many small processes as one process group, not the largest single process. In a VM only, where that harms nothing else.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

[ -n "${HEADROOM_VM:-}" ] || skip 'only where the whole host may run short: in a VM'
command -v setsid >/dev/null || skip 'setsid is not here'
available() { awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo; }
all=$(available)
part() { echo $((all * $1 / 100))M; }
group_make db && group_make grows || fail 'cannot make groups'
daemon_with <<E
mode: enforce
interval: 500ms
policies:
  - name: cgroups
    match: {cgroup: "$ours/*"}
    when: {host_available: $(part 35)}
    actions: [kill]
E
workload_start db hold "$(part 20)"
db=$workload_pid
sweeps 3
workload_start grows leak 4M
wait_for 30 ended "$workload_pid" || fail "the growing container still runs: $(available) MB of $all are left"
acted kill ".cgroup == \"$ours/grows\" and .result.status == \"done\" and .inputs.host_available_bytes > 0"
expect "[.skipped[].target.name] | any(test(\"db\"))" 'why not the database' <"$work/action"
alive "$db" || events_print
alive "$db" || fail 'the large container that did not grow was killed'
no_kernel_oom

# Outside of containers: a build of twenty processes in one process group, beside a process that is larger than each of them.
cat >"$work/config" <<E
mode: enforce
interval: 500ms
policies:
  - name: jobs
    when: {host_available: $(part 30)}
    actions: [kill]
E
reload configuration_loaded
since=$(mark)
alone() { setsid sh -c 'echo 0 >/proc/self/oom_score_adj; exec "$@"' - "$workload" "$@" >"$work/ready" & }
alone hold "$(part 8)"
single=$!
wait_for 20 grep -q ready "$work/ready" || fail 'the large process is not ready'
sleep $((6 * slow / 5)) # a pass over the processes sees that it does not grow
alone fork 20 "$((all * 45 / 100 / 20 + 1))M"
pack=$!
wait_for 30 ended "$pack" || fail "the build still runs: $(available) MB of $all are left"
acted kill '.result.status == "done" and .target.cgroup_id == null and .target.processes > 10'
alive "$single" || events_print
alive "$single" || fail 'the largest single process was killed'
alive "$db" || events_print
alive "$db" || fail 'the database was killed'
no_kernel_oom
kill "$single" "$db"
