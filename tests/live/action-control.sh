# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Manual actions: in observe mode the daemon runs them for root and for the users that the configuration names, and records the
# uid that asked; in dry-run it only logs them. The kernel refuses every other user; where it cannot, the daemon does.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

group_make hog && group_make other || fail 'cannot make groups'
# Other users must be able to reach the socket in this directory.
BOARD=$work/open/board
mkdir "$work/open" && chmod 755 "$work" "$work/open"
chmod 755 "${HEADROOM_TMP:-$work}" 2>/dev/null
printf 'mode: observe\ninterval: 200ms\n' >"$work/config"
daemon_on
by_hand() { cli "$@" --yes >"$work/said" 2>&1; }
to_daemon() { cli daemon "$@" >"$work/said" 2>&1; }

to_daemon ping || fail "ping: $(cat "$work/said")"
grep -q headroomd "$work/said" || fail 'no answer to ping'
workload_start hog hold 40M
wait_for 5 seen hog || fail 'not listed'
by_hand term "cgroup:$ours/hog" --signal USR1 || fail "term: $(cat "$work/said")"
wait_for 5 ended "$workload_pid" || fail 'the process still runs'
acted term '.signal == 10 and .by_uid == 0 and .policy == null and .result.status == "done" and .mode == "enforce"'
workload_start hog hold 40M
by_hand kill "cgroup:$ours/hog" || fail "kill: $(cat "$work/said")"
grep -q 'kill: done' "$work/said" || fail "no word about the result: $(cat "$work/said")"
ended "$workload_pid" || fail 'the answer came before the end'
acted kill '.target.whole and .by_uid == 0 and .freed_bytes > 30000000'
status() { by_hand "$@"; echo $?; }
[ "$(status kill "cgroup:$ours/none")" = 1 ] || fail 'a group that is not there'
[ "$(status dance "cgroup:$ours/hog")" = 2 ] || fail 'an unknown action was accepted'

# Without a terminal only --yes confirms. Nothing left to kill is skipped; what this host cannot do is not supported.
workload_start hog hold 40M
cli kill "cgroup:$ours/hog" </dev/null >"$work/said" 2>&1
[ $? = 2 ] && grep -q 'give --yes' "$work/said" || fail "killed or refused without --yes: $(cat "$work/said")"
alive "$workload_pid" || fail 'killed without --yes'
[ $v = 2 ] || [ "$(status reclaim "cgroup:$ours/hog")" = 5 ] || fail "reclaim on cgroup v1: $(cat "$work/said")"
by_hand kill "cgroup:$ours/hog" || fail "kill: $(cat "$work/said")"
[ "$(status kill "cgroup:$ours/other")" = 6 ] || fail "an empty group: $(cat "$work/said")"

# Another user: refused, with an event; then named in the configuration, and served.
as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if command -v setpriv >/dev/null && as_other test -x "$build/headroom"; then
	workload_start hog hold 40M
	ask_kill() { as_other "$build/headroom" kill "cgroup:$ours/hog" --yes --board "$BOARD" >"$work/said" 2>&1; }
	chmod 644 "$BOARD" # the right to read the board is a separate one
	ask_kill
	[ $? = 4 ] || fail "the other user was not refused: $(cat "$work/said")"
	alive "$workload_pid" || fail 'the refused action was run'
	chmod 666 "$BOARD.control" # as on a file system without ACLs
	ask_kill
	[ $? = 4 ] || fail "the daemon did not refuse the other user: $(cat "$work/said")"
	alive "$workload_pid" || fail 'the refused action was run'
	daemon_event '.what == "control" and (.text | contains("65534"))' >/dev/null || fail 'no event about the refusal'
	printf 'mode: observe\ninterval: 200ms\ncontrol: {allow: ["user:nobody"]}\n' >"$work/config"
	reload configuration_loaded
	ask_kill || fail "an allowed user was refused: $(cat "$work/said")"
	acted kill '.by_uid == 65534 and .result.status == "done"'
else
	echo 'not tried as another user: no setpriv, or the build is not accessible to others'
fi

# Only logged in dry-run.
workload_start hog hold 40M
printf 'mode: dry-run\ninterval: 200ms\n' >"$work/config"
reload configuration_loaded
since=$(mark)
by_hand kill "cgroup:$ours/hog" || fail "dry run: $(cat "$work/said")"
acted kill '.result.status == "dry_run" and .mode == "dry-run"'
alive "$workload_pid" || fail 'a dry run has killed'

# Paused, nothing is done or logged; the daemon that takes over is paused, too.
by_policy='.policy == "large"'
printf 'mode: dry-run\ninterval: 200ms\npolicies: [{name: large, match: {cgroup: "%s/hog"}, when: {usage: 20M}, actions: [kill], cooldown: 0s}]\n' \
	"$ours" >"$work/config"
to_daemon pause || fail "pause: $(cat "$work/said")"
daemon_stop
daemon_on
sweeps 4
no_action "$by_policy"
snapshot | expect '.host.guard.paused and .host.guard.mode == "observe"' 'paused after a restart'
cli status | grep -q '^paused ' || fail 'the status does not say it'
[ "$(status daemon pause 90d)" = 2 ] || fail 'a pause of 90 days was accepted'
to_daemon resume || fail "resume: $(cat "$work/said")"
acted kill "$by_policy" 'resumed'
to_daemon pause 1s || fail "pause: $(cat "$work/said")"
resumed() { snapshot | ask '.host.guard.paused | not'; }
wait_for 10 resumed || fail 'a pause of one second has no end'

# Reload the configuration through the socket.
printf 'mode: observe\ninterval: 200ms\n' >"$work/config"
before=$(mark)
to_daemon reload || fail "reload: $(cat "$work/said")"
loaded() { event_after "$before" '.type == "guard" and .what == "configuration_loaded"'; }
wait_for 5 loaded || fail 'nothing was loaded'

# A client that connects and sends nothing does not hold its slot for long; many in a row do not stop the daemon.
i=0
while [ $i -lt 60 ]; do
	to_daemon ping || true
	i=$((i + 1))
done
sweeps 5
to_daemon ping || fail "it does not answer any more: $(cat "$work/said")"
snapshot | expect '.host.guard.state == "running"'
kill "$workload_pid"
