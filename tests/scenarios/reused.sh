# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Between the choice and the act the world moves on: the victim ends and its pid is somebody else's; the container is restarted
# under the same name and path; the rules change. In each case the grace time of SIGTERM is the gap, and nobody who was not
# meant may die of the kill that would have followed.
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

# Its pid is somebody else's, outside.
chosen 1
reused=$(pid_of victim1)
gone victim1
tries=0
while [ $tries -lt 50 ] && [ "$(pid_of heir)" != "$reused" ]; do
	tries=$((tries + 1))
	[ $tries = 1 ] || kill -9 "$(pid_of heir)"
	echo $((reused - 1)) >/proc/sys/kernel/ns_last_pid
	"$program" --name heir hold 1MiB >/dev/null &
	pids="$pids heir=$!"
done
note pid_reused "$([ "$(pid_of heir)" = "$reused" ] && echo yes || echo no)"

# The same name and path, another cgroup; it is small now.
chosen 2
gone victim2
group_remove "system.slice/$(id 2)"
group_make "system.slice/$(id 2)"
in_unit "$(id 2)" --name again hold 20MiB >/dev/null 2>&1 &
pids="$pids again=$!"

# The rule that ordered it is gone.
chosen 3
grep -v 'usage:' "$scenarios/reused.yaml" | sed 's/actions:.*/when: {usage: 900MiB}\n    actions: [notify]/' >"$policy"
! is_headroom || kill -HUP "$(guardian_pids | head -n 1)"
sleep $((4 * slow / 10 + 6))
for who in heir again victim3; do note $who "$(alive $who && echo lives || echo dead)"; done
host_row
promise 'who has got its pid lives' alive heir
promise 'the restarted container lives' alive again
promise 'whom no rule means any more lives' alive victim3
incident_end
