# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The host itself runs out again and again (HEADROOM_ROUNDS; 100 in the soak), as fast as a process can fill it: daemon, supervisor
# and resolver live, and each OOM kill of the kernel is an event or counted as lost. Only in a VM.
. "$(dirname "$0")/lib.sh"

[ -n "${HEADROOM_VM:-}" ] || skip 'a global OOM is provoked in a VM only'
rounds=${HEADROOM_ROUNDS:-4}
BOARD=$work/board
daemon_start || fail 'the daemon does not start'
main=$(snapshot | ask .host.guard.pid) || fail 'no daemon'
processes() { # ours, with their names
	for pid in "$daemon" $(cat "/proc/$daemon/task/$daemon/children"); do
		for child in "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
			[ ! -r "/proc/$child/stat" ] || sed 's/^\([0-9]*\) (\(.*\)) .*/\1 \2/' "/proc/$child/stat"
		done
	done | sort -u
}
settled() { processes | grep -q headroom-resolv; }
wait_for 5 settled || fail 'no resolver'
processes >"$work/before"
group_make unlimited || fail 'cannot make a group'
[ ! -f "$(group_dir unlimited)/memory.swap.max" ] || echo max >"$(group_dir unlimited)/memory.swap.max"
host_kills() { sed -n 's/^oom_kill //p' /proc/vmstat; }
kills_before=$(host_kills) since=$(mark)
i=0
while [ $i -lt "$rounds" ]; do
	in_group unlimited tail /dev/zero
	i=$((i + 1))
done
kills=$(($(host_kills) - kills_before))
events() { cli events --json | jq -s "map(select(.seq > $since and .type == \"oom_kill\")) | length"; }
lost() { snapshot | jq .host.guard.events_lost_total; }
all_counted() { [ $(($(events) + $(lost))) -ge $kills ]; }
wait_for 5 all_counted || fail "$kills OOM kills, $(events) events, $(lost) counted as lost"
[ "$(snapshot | ask .host.guard.pid)" = "$main" ] || fail 'the daemon was replaced'
processes >"$work/after"
cmp -s "$work/before" "$work/after" || { diff "$work/before" "$work/after" >&2; fail 'a process of ours has ended'; }
echo "$rounds rounds: $kills OOM kills, $(events) events, $(lost) lost; daemon, supervisor and resolver live"
