# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container with a limit of 200 MiB (or HEADROOM_LIMIT_MIB) takes memory as fast as the machine can give it, and is started
# anew each time. The policy acts at 80 % of the limit. User space that wakes up at the limit is too late: the
# kernel's OOM killer comes half a millisecond later.
. tests/scenarios/lib.sh
rounds=${HEADROOM_ROUNDS:-20}
limit=${HEADROOM_LIMIT_MIB:-200}
unit=docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope
dir=$(group_dir "system.slice/$unit")
bystanders=neighbour.service
service_start neighbour.service --name neighbour beat "$work/neighbour.beat" 20MiB
group_kills=0
guardian_begin
is_headroom && events=$(mark)
: >"$work/ms"
delay=${HEADROOM_DELAY:-1s}
[ -z "$in_vm" ] || delay=3s
round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	group_make "system.slice/$unit" $((limit << 20))
	watch_start group "$dir" $((limit * 8 / 10))MiB $((limit / 5))MiB
	in_unit "$unit" --name burst burst $((limit * 2))MiB "$delay" >/dev/null 2>&1 &
	pids="$pids burst=$!"
	wait_for 30 eval '! alive burst' || { kill -9 "$(pid_of burst)"; note survived_round $round; }
	wait_for 5 test -s "$work/crossings"
	group_kills=$((group_kills + $(kernel_kills_of "system.slice/$unit")))
	awk '{ print $3 }' "$work/crossings" >>"$work/ms"
	kill "$(pid_of watch)" 2>/dev/null
	wait "$(pid_of watch)" 2>/dev/null
	group_remove "system.slice/$unit"
	alive neighbour.service || break
done
note rounds $round
note limit_mib "$limit"
note freed_ms "$(paste -s -d , "$work/ms")"
kills_before=$(($(vmstat oom_kill) - group_kills)) # other groups of this host are not ours
host_row
promise 'nothing else is killed' [ "$wrong" = 0 ]
promise 'the kernel OOM-kills nothing' [ "$kills" = 0 ]
actions() { cli events --json --type action | jq -s "map(select(.seq > $events and .result.ok)) | length"; }
promise 'every burst is an action' eval '[ "$(actions)" -ge $round ]'
incident_end
