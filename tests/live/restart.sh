# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# SIGKILL to the resolver, the daemon and the supervisor in turn: the others carry on, the killed one comes back, and the
# counters are kept.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own
daemon_start || fail 'the daemon does not start'
supervisor=$daemon
limit=33554432
group_make marked $limit || fail 'cannot make a group'
in_group marked sleep 600 &
wait_for 5 seen marked || fail 'the group is not listed'
in_group marked tail /dev/zero
kept() { snapshot | ask "$(entry marked) | select(.oom_kills_total == 1)"; }
wait_for 5 kept || fail 'the kill is not counted'

child() { # comm prefix: a child of the supervisor or, once that has died, of the daemon
	for stat in /proc/[0-9]*/stat; do
		pid=${stat#/proc/} pid=${pid%/stat}
		case $(cat "/proc/$pid/comm" 2>/dev/null) in "$1"*) ;; *) continue ;; esac
		tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "HEADROOM_TMP=$HEADROOM_TMP" || continue
		ppid=$(sed 's/.*) . \([0-9]*\).*/\1/' "$stat" 2>/dev/null)
		[ "$ppid" = "$2" ] && echo "$pid" && return
	done
	return 1
}
daemon_pid() { snapshot | ask .host.guard.pid; }
answers() { cli ls --json; }

g=$(daemon_pid) || fail 'the board names no daemon'
r=$(child headroom-res "$supervisor") || r=$(child headroom-res "$g") || fail 'no resolver runs'

kill -KILL "$r"
new_resolver() { n=$(child headroom-res "$supervisor" || child headroom-res "$g") && [ "$n" != "$r" ]; }
wait_for 10 new_resolver || fail 'the resolver did not come back'
answers >/dev/null || fail 'no answer after the resolver died'
[ "$(daemon_pid)" = "$g" ] || fail 'the daemon did not outlive the resolver'

since=$(mark)
kill -KILL "$g"
new_daemon() { n=$(daemon_pid) && [ "$n" != "$g" ] && kill -0 "$n" && answers; }
wait_for 10 new_daemon || fail 'the daemon did not come back'
kill -0 "$supervisor" || fail 'the supervisor did not outlive the daemon'
wait_for 3 kept || fail 'the counter was lost with the daemon'
[ "$(mark)" -gt "$since" ] || fail 'the sequence of events did not go on'
# The new daemon reports no kill that the one before it has reported. (It reports a kill that only the counter shows after 1.5 s.)
sweeps 4
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/marked\"" && fail 'the new daemon reports an old kill again'
# It reports new kills.
since=$(mark)
in_group marked tail /dev/zero
wait_for 3 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/marked\"" ||
	fail 'the new daemon sees no OOM kill'
twice() { snapshot | ask "$(entry marked) | select(.oom_kills_total == 2)"; }
wait_for 3 twice || snapshot | jq "$(entry marked)" | expect '.oom_kills_total == 2'

g=$(daemon_pid)
kill -KILL "$supervisor"
wait "$supervisor" 2>/dev/null

# The daemon has started a new supervisor; it ends by SIGTERM as the first did, and leaves no process behind.
new_supervisor() {
	for line in /proc/[0-9]*/cmdline; do
		pid=${line#/proc/} pid=${pid%/cmdline}
		tr '\0' ' ' <"$line" 2>/dev/null | grep -q "^[^ ]*headroomd --adopt $g,.* $BOARD " && echo "$pid" && return
	done
	return 1
}
wait_for 5 new_supervisor || fail 'the supervisor did not come back'
answers >/dev/null || fail 'no answer after the supervisor died'
[ "$(daemon_pid)" = "$g" ] || fail 'the daemon did not outlive the supervisor'
new=$(new_supervisor)
kill -TERM "$new"
ended() { ! kill -0 "$g" 2>/dev/null && ! kill -0 "$new" 2>/dev/null; }
wait_for 5 ended || fail 'the new supervisor does not end what it watches'
