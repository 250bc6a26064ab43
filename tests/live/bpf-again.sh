# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A daemon that loses its loader, or has one that hangs, as on a host that is short at its start: the reason is named, memory is
# read from files, BPF is loaded after all, and all that needs it works from then on. A daemon with BPF is not replaced by one without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make plain 33554432 && group_make armed 134217728 || fail 'cannot make groups'
cat >"$work/config" <<E
mode: enforce
interval: 500ms
policies:
  - name: fast
    match: {cgroup: "$ours/armed"}
    when: {usage: 75%}
    actions: [reflex, kill]
E

# The loader of a daemon below this process, from its name; ended at once, again and again, until told to stop.
loader() { # process
	for at in /proc/[0-9]*; do
		read -r name <"$at/comm" && [ "$name" = headroomd-load ] || continue
		above=${at#/proc/}
		while [ "$above" -gt 1 ]; do
			above=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$above/status") || break
			[ "$above" != "$1" ] || { echo "${at#/proc/}"; return; }
		done
	done 2>/dev/null
	return 1
}
hit_loaders() { # signal, how many
	left=$2
	while [ "$left" -gt 0 ] && [ ! -e "$work/enough" ]; do
		found=$(loader "${main:-$$}") && [ "$found" != "${last:-}" ] && kill "-$1" "$found" && left=$((left - 1)) && last=$found
		sleep 0.02
	done
}
bpf() { snapshot | ask '.host.guard | (.degraded | map(.what) | index("bpf") == null) and (.sources.oom_kill | startswith("memory.events") | not)'; }

"$build/headroomd" --board "$BOARD" --config "$work/config" >"$work/probe.log" 2>&1 &
daemon=$!
wait_for 60 daemon_attached || fail "the daemon does not start: $(cat "$work/probe.log")"
bpf || skip "no BPF on this host: $(snapshot | jq -c .host.guard.degraded)"

# ---- a successor that loses its loader leaves the running daemon in charge
old=$(snapshot | jq .host.guard.pid)
hit_loaders KILL 1 &
hitter=$!
kill -USR2 "$daemon"
goes_on() { grep -q 'the new program did not start' "$work/probe.log"; }
wait_for 30 goes_on || fail "no word of the successor: $(cat "$work/probe.log")"
wait $hitter
grep -q 'ended by SIGKILL.*goes on' "$work/probe.log" || fail "the reason is missing: $(cat "$work/probe.log")"
[ "$(snapshot | jq .host.guard.pid)" = "$old" ] && kill -0 "$old" || fail 'the running daemon is gone'
daemon_stop
rm -f "$BOARD"

# ---- killed at the start: said, and loaded later
hit_loaders KILL 1 &
hitter=$!
daemon_on
wait $hitter
cli events --json | ask 'select(.type == "guard" and .what == "fallback" and (.text | test("^no BPF.*ended by SIGKILL")))' ||
	fail "no event names the signal: $(cli events --json --type guard | jq -r .text)"
snapshot | ask '.host.guard.degraded[] | select(.what == "bpf" and (.text | test("ended by SIGKILL.*tried again")))' || fail "not on the board: $(snapshot | jq -c .host.guard.degraded)"
cli check | grep -q 'ended by SIGKILL' || fail "check does not say it: $(cli check)"
read -r adj <"/proc/$(snapshot | jq .host.guard.pid)/oom_score_adj"
[ "$adj" = -999 ] || [ "$adj" = -1000 ] || echo "note: oom_score_adj $adj: no CAP_SYS_RESOURCE here"
in_group plain tail /dev/zero # an OOM kill without BPF
counted() { snapshot | ask "$(entry plain) | select(.oom_kills_total == 1)"; }
wait_for 10 counted || fail 'an OOM kill without BPF is not counted'
wait_for 60 bpf || fail "BPF is not loaded later: $(cli events --json --type guard | jq -r .text)"
back() { cli events --json | ask 'select(.type == "guard" and .what == "recovered")'; }
wait_for 5 back || fail 'no event says so'
back
[ "$(snapshot | jq -r .host.guard.sources.reflex)" = none ] || wait_for 10 armed armed || fail 'no reflex is armed'
since=$(mark)
in_group plain tail /dev/zero
whole() { event_after "$since" ".type == \"oom_kill\" and .cgroup == \"$ours/plain\" and .victim.comm == \"tail\" and .trigger.pid > 0"; }
wait_for 10 whole || fail "an OOM kill with BPF is not described: $(cli events --json | tail -n 3)"
[ "$(cli events --json | jq -s "[.[] | select(.type == \"oom_kill\" and .cgroup == \"$ours/plain\")] | length")" = 2 ] || fail 'a kill twice, or not at all'
in_group armed "$workload" burst 512MiB 1ms >/dev/null
acted_by() { event_after "$since" '.type == "action" and (.action | IN("reflex", "kill")) and .result.status == "done"'; }
wait_for 10 acted_by || fail 'the policy does not act'
daemon_stop
rm -f "$BOARD"

# ---- a loader that hangs is ended
hit_loaders STOP 1 &
hitter=$!
starting() { snapshot | ask '.host.guard.state == "starting"'; }
"$build/headroomd" --board "$BOARD" --config "$work/config" >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 20 starting || fail 'not said to be starting'
cli ls >/dev/null 2>"$work/said"
status=$?
if starting >/dev/null; then
	[ $status = 3 ] && grep -q 'starting' "$work/said" || fail "ls of a starting daemon: $status, $(cat "$work/said")"
fi
wait_for 60 daemon_attached || fail "a loader that hangs keeps the daemon from starting: $(cat "$work/daemon.log")"
wait $hitter
cli events --json | ask 'select(.type == "guard" and .what == "fallback" and (.text | test("^no BPF.*hung")))' || fail 'no event says that the loader hung'
wait_for 60 bpf || fail 'BPF is not loaded later'
daemon_stop
rm -f "$BOARD"

# ---- the daemon's own cgroup is short, and not the host: that the host is calm does not help
group_make own 62914560 || fail 'cannot make a group' # less than what the loader is given
hit_loaders KILL 1 &
hitter=$!
sh -c 'echo 0 >"$1" || exit 1; shift; exec "$@"' - "$(group_dir own)/cgroup.procs" "$build/headroomd" --board "$BOARD" >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 60 daemon_attached || fail "the daemon does not start: $(cat "$work/daemon.log")"
wait $hitter
! bpf || fail 'its loader was not hit'
sleep 20 # else it is tried again as soon as the host has been calm for five, and in any case after thirty
! bpf || fail 'BPF was loaded again in a cgroup without room for it'
echo 1073741824 >"$(group_dir own)/$(if [ $v = 2 ]; then echo memory.max; else echo memory.limit_in_bytes; fi)"
wait_for 20 bpf || fail "BPF is not loaded once there is room: $(cli events --json --type guard | jq -r .text)"
