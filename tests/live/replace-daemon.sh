# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# An upgrade in flight: SIGUSR2 has the program that stands in headroomd's place by now get ready beside it and take over, with
# the board and everything on it. One that does not come up changes nothing.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own, in a place where it can be replaced
mkdir "$work/bin"
cp "$build/headroomd" "$build/headroom-resolver" "$work/bin/"
printf 'mode: observe\n' >"$work/config"
"$work/bin/headroomd" --config "$work/config" --board "$BOARD" >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 20 daemon_attached || fail "the daemon does not start: $(cat "$work/daemon.log")"
daemon_pid() { snapshot | ask .host.guard.pid; }
limit=33554432
group_make marked $limit || fail 'cannot make a group'
in_group marked sleep 600 &
wait_for 5 seen marked || fail "the group is not listed: $(cat "$work/daemon.log"; snapshot | jq -c '[.host.guard, (.containers[]|.cgroup)]')"
in_group marked tail /dev/zero
kept() { snapshot | ask "$(entry marked) | select(.oom_kills_total == $1)"; }
wait_for 5 kept 1 || fail 'the kill is not counted'
old=$(daemon_pid) instance=$(cli events --json | head -n 1 | jq -r .instance)

# A successor that can't start leaves the running daemon as it is.
printf 'mood: observe\n' >"$work/config"
kill -USR2 "$daemon"
refused() { grep -q 'the new program did not start' "$work/daemon.log"; }
wait_for 10 refused || fail 'no word of the successor that failed'
kill -0 "$daemon" && [ "$(daemon_pid)" = "$old" ] || fail 'a successor that failed has cost us the daemon'
printf 'mode: dry-run\n' >"$work/config"

# Only a child of the supervisor may take over.
"$build/headroomd" --succeed 1 --board "$BOARD" 2>/dev/null && fail 'any process may take over'
kill -0 "$daemon" || fail 'and the daemon is gone'

# The program is replaced, as a package does it.
rm "$work/bin/headroomd"
cp "$build/headroomd" "$work/bin/"
since=$(mark)
kill -USR2 "$daemon"
taken() { new=$(daemon_pid) && [ "$new" != "$old" ] && kill -0 "$new" && ! kill -0 "$daemon"; }
wait_for 20 taken || fail "no new daemon has taken over: $(cat "$work/daemon.log")"
wait "$daemon"
[ $? = 0 ] || fail 'the old supervisor failed'
new=$(daemon_pid)
daemon=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$new/status") # daemon_stop ends the new supervisor
[ "$(readlink "/proc/$new/exe")" = "$work/bin/headroomd" ] || fail 'it is the old program'
same=$(cli events --json | head -n 1 | jq -r .instance)
[ "$same" = "$instance" ] || fail 'it is another board'
event_after "$since" '.what == "adopted"' >/dev/null || fail 'the board was not taken over'
snapshot | expect '.host.guard.mode == "dry-run"' 'the configuration as it is by now'
kept 1 >/dev/null || fail 'the counter was lost'
cli events --json | jq -s "map(select(.seq > $since and .type == \"guard\")) | (map(select(.what == \"stopping\")) | first.time), (map(select(.what == \"adopted\")) | first.time)"
in_group marked tail /dev/zero
wait_for 5 kept 2 || fail 'the new daemon sees no OOM kill'

# The new daemon, too, starts another supervisor when its own is killed.
kill -KILL "$daemon"
new_supervisor() { at=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$new/status") && [ "$at" != "$daemon" ] && pgrep -f "^$work/bin/headroomd --adopt $new,"; }
wait_for 10 new_supervisor || fail 'the new daemon has no supervisor'
[ "$(daemon_pid)" = "$new" ] || fail 'the new daemon did not outlive its supervisor'
daemon=$(new_supervisor)
