# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container with a limit of 200 MiB takes memory as fast as the machine can give it, and is started anew each time. The rule:
# act at 160 MiB. User space that wakes up at the limit is too late: the kernel's killer comes half a millisecond later.
. tests/scenarios/lib.sh
rounds=${HEADROOM_ROUNDS:-20}
unit=docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope
dir=$(group_dir "system.slice/$unit")
bystanders=neighbour.service
service_start neighbour.service --name neighbour beat "$work/neighbour.beat" 20MiB
kills_before=$(vmstat oom_kill)
guardian_begin
is_headroom && events=$(mark)
: >"$work/ms"
delay=1s
[ -z "$in_vm" ] || delay=3s
round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	group_make "system.slice/$unit" 209715200
	watch_start group "$dir" 100MiB 40MiB
	# What the process itself costs (page tables, stack, text) is about 1 MiB.
	in_unit "$unit" --name burst burst 400MiB "$delay" 159MiB "$work/mark" >/dev/null 2>&1 &
	pids="$pids burst=$!"
	wait_for 4 eval '! alive burst' || { kill -9 "$(pid_of burst)"; note survived_round $round; }
	wait_for 1 test -s "$work/crossings"
	if [ -s "$work/mark" ]; then
		awk -v m="$(cat "$work/mark")" '{ printf "%.1f\n", ($2 - m) / 1e6 }' "$work/crossings" >>"$work/ms"
	fi
	kill "$(pid_of watch)" 2>/dev/null
	group_remove "system.slice/$unit"
	rm -f "$work/mark"
	alive neighbour.service || break
done
note rounds $round
note freed_ms "$(paste -s -d , "$work/ms")"
host_row
promise 'nobody else dies' [ "$wrong" = 0 ]
promise 'the kernel never has to kill' [ "$kills" = 0 ]
actions() { face events --json --type action | jq -s "map(select(.seq > $events and .result.ok)) | length"; }
promise 'every burst is an action' eval '[ "$(actions)" -ge $round ]'
incident_end
