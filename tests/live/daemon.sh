# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The daemon is up and the board shows its pid.
. "$(dirname "$0")/lib.sh"

wait_for 10 daemon_ready || fail 'no board with a first sweep on it within 10 s'
snapshot >"$work/ls"
expect '.schema == "headroom.snapshot/2"' <"$work/ls"
expect '.host.guard.mode == "observe" and .host.guard.uptime_seconds >= 0' <"$work/ls"
expect '.host.mem_total_bytes > 0 and .host.mem_available_bytes > 0' <"$work/ls"
expect ".host.cgroup_version != null and (.host.kernel | contains(\"$(uname -r)\"))" <"$work/ls"
expect '.containers | length > 0' 'every cgroup with processes is listed' <"$work/ls"
pid=$(jq -r .host.guard.pid "$work/ls")
grep -q headroomd "/proc/$pid/comm" || fail "the board names $pid, which is no headroomd"

# The same over a pipe in plain text; another board gives the status for "no daemon".
cli ls | grep -q . || fail 'ls prints nothing over a pipe'
"$build/headroom" ls --board "$work/none" >/dev/null 2>"$work/err"
[ $? = 3 ] || fail 'a missing board must give status 3'
[ "$(wc -l <"$work/err")" = 1 ] || fail "one line on stderr was expected: $(cat "$work/err")"

# Counters of memory.stat, which is not read at each sweep, stay as they were read. Of a cgroup of ours: other scenarios make thousands.
group_make counted || fail 'cannot make a group'
in_group counted "$workload" hold 8MiB >/dev/null 2>&1 &
held=$!
counter() { snapshot | jq -e "[.containers[] | select(.cgroup == \"$ours/counted\" and .refaults_total != null)] != []" >/dev/null; }
wait_for 10 counter || fail 'no refaults_total'
seen=0
while [ $seen -lt 5 ]; do
	sweeps 1
	counter || fail 'refaults_total is gone after a reading'
	seen=$((seen + 1))
done
kill -9 $held

# What the verifier spends on each program, in counts: a program that takes most of what a kernel allows is refused by the next one.
"$build/tools/verifier-cost" --check >"$work/cost" 2>&1 || fail "verifier: $(grep -E 'beyond|cost:' "$work/cost")"
