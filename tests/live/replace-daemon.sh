# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# An upgrade in flight: SIGUSR2 has the program that stands in headroomd's place by now get ready beside it and take over, with
# the board and everything on it. One that does not come up changes nothing.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a guard of our own, in a place where it can be replaced
mkdir "$work/bin"
cp "$build/headroomd" "$build/headroom-resolver" "$work/bin/"
printf 'mode: observe\n' >"$work/config"
"$work/bin/headroomd" --config "$work/config" --board "$BOARD" >"$work/guard.log" 2>&1 &
guard=$!
wait_for 20 guard_attached || fail "the guard does not start: $(cat "$work/guard.log")"
guard_pid() { snapshot | ask .host.guard.pid; }
limit=33554432
group_make marked $limit || fail 'cannot make a group'
prey marked sleep 600 &
wait_for 5 seen marked || fail "the group is not listed: $(cat "$work/guard.log"; snapshot | jq -c '[.host.guard, (.containers[]|.cgroup)]')"
prey marked tail /dev/zero
kept() { snapshot | ask "$(entry marked) | select(.oom_kills_total == $1)"; }
wait_for 5 kept 1 || fail 'the kill is not counted'
old=$(guard_pid) instance=$(face events --json | head -n 1 | jq -r .instance)

# A successor that can't start: nothing happens to the one at work.
printf 'mood: observe\n' >"$work/config"
kill -USR2 "$guard"
refused() { grep -q 'the successor did not come up' "$work/guard.log"; }
wait_for 10 refused || fail 'no word of the successor that failed'
kill -0 "$guard" && [ "$(guard_pid)" = "$old" ] || fail 'a successor that failed has cost us the guard'
printf 'mode: dry-run\n' >"$work/config"

# Nobody but a supervisor's own child is let in.
"$build/headroomd" --succeed 1 --board "$BOARD" 2>/dev/null && fail 'anybody may succeed anybody'
kill -0 "$guard" || fail 'and the guard is gone'

# The program is replaced, as a package does it.
rm "$work/bin/headroomd"
cp "$build/headroomd" "$work/bin/"
since=$(mark)
kill -USR2 "$guard"
taken() { new=$(guard_pid) && [ "$new" != "$old" ] && kill -0 "$new" && ! kill -0 "$guard"; }
wait_for 20 taken || fail "nobody has taken over: $(cat "$work/guard.log")"
wait "$guard"
[ $? = 0 ] || fail 'the old one did not end well'
new=$(guard_pid)
guard=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$new/status") # guard_stop ends the new supervisor
[ "$(readlink "/proc/$new/exe")" = "$work/bin/headroomd" ] || fail 'it is the old program'
same=$(face events --json | head -n 1 | jq -r .instance)
[ "$same" = "$instance" ] || fail 'it is another board'
event_after "$since" '.what == "adopted"' >/dev/null || fail 'the board was not taken over'
snapshot | expect '.host.guard.mode == "dry-run"' 'the configuration as it is by now'
kept 1 >/dev/null || fail 'the counter was lost'
face events --json | jq -s "map(select(.seq > $since and .type == \"guard\")) | (map(select(.what == \"stopping\")) | first.time), (map(select(.what == \"adopted\")) | first.time)"
prey marked tail /dev/zero
wait_for 5 kept 2 || fail 'the new guard sees no OOM kill'

# The new one is as good as the first: its supervisor killed, it starts another.
kill -KILL "$guard"
heir() { at=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$new/status") && [ "$at" != "$guard" ] && pgrep -f "^$work/bin/headroomd --adopt $new,"; }
wait_for 10 heir || fail 'the new guard has no supervisor'
[ "$(guard_pid)" = "$new" ] || fail 'the new guard did not outlive its supervisor'
guard=$(heir)
