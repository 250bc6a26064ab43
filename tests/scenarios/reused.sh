# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Between the choice of a victim and its kill the host changes: the victim ends and another process has its pid; the container is
# restarted under the same name and path; the policies change. In each case the grace period of SIGTERM is the gap, and the kill
# that would have followed must not hit another process.
. tests/scenarios/lib.sh
[ -n "$in_vm" ] || skip 'this takes pids by number'
bystanders=
kills_before=$(vmstat oom_kill)
cp "$policy" "$work/policy.yaml"
policy=$work/policy.yaml
guardian_begin
id() { printf 'docker-%064d.scope' "$1"; }
# number → the pid of a container that takes its time over SIGTERM, once that was sent to it
chosen() {
	events_begin
	group_make "system.slice/$(id "$1")"
	in_unit "$(id "$1")" --graceful 60s --name "victim$1" hold 120MiB >/dev/null 2>&1 &
	pids="$pids victim$1=$!"
	is_headroom || return 0
	event_comes 4 "$(action term)" >"$work/term" || fail "SIGTERM was not sent to victim $1"
}
gone() { kill -9 "$(pid_of "$1")"; wait "$(pid_of "$1")" 2>/dev/null; }

# Its pid belongs to another process, outside.
chosen 1
reused=$(pid_of victim1)
gone victim1
tries=0
while [ $tries -lt 50 ] && [ "$(pid_of successor)" != "$reused" ]; do
	tries=$((tries + 1))
	[ $tries = 1 ] || kill -9 "$(pid_of successor)"
	echo $((reused - 1)) >/proc/sys/kernel/ns_last_pid
	"$program" --name successor hold 1MiB >/dev/null &
	pids="$pids successor=$!"
done
note pid_reused "$([ "$(pid_of successor)" = "$reused" ] && echo yes || echo no)"

# The same name and path, another cgroup; it is small now.
chosen 2
gone victim2
group_remove "system.slice/$(id 2)"
group_make "system.slice/$(id 2)"
in_unit "$(id 2)" --name again hold 20MiB >/dev/null 2>&1 &
pids="$pids again=$!"

# The policy that chose it is gone.
chosen 3
grep -v 'usage:' "$scenarios/reused.yaml" | sed 's/actions:.*/when: {usage: 900MiB}\n    actions: [notify]/' >"$policy"
! is_headroom || kill -HUP "$(guardian_pids | head -n 1)"
sleep $((4 * slow / 10 + 6))
for name in successor again victim3; do note $name "$(alive $name && echo alive || echo dead)"; done
host_row
promise 'the process with the reused pid survives' alive successor
promise 'the restarted container survives' alive again
promise 'the container without a policy survives' alive victim3
incident_end
