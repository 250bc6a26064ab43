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
