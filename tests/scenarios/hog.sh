# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# One container on a host without swap takes memory, faster than a person could look, again and again. How long from the
# moment when less than 10 % are available until there is more again?
. tests/scenarios/lib.sh
[ -n "$in_vm" ] || skip 'this takes all of a host'
total=$(sed -n 's/MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)
rounds=${HEADROOM_ROUNDS:-10}
DATABASE=40MiB
host_start
guardian_begin
watch_start host $((total / 10))KiB $((total / 10 + 20480))KiB
unit=docker-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope
group_make "system.slice/$unit"
round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	before=$(crossings)
	in_unit $unit --name hog leak "${HEADROOM_RATE:-60MiB}" >/dev/null 2>&1 &
	pids="$pids hog=$!"
	wait_for 3 eval "[ \$(crossings) -gt $before ]" || note "not_freed_$round" 1
	wait_for 2 eval '! alive hog' || kill -9 "$(pid_of hog)" 2>/dev/null
	for victim in $bystanders; do alive "$victim" || break 2; done
	sleep 2
done
note rounds $round
note freed_ms "$(crossing_ms)"
host_row
promise 'nothing else is killed' [ "$wrong" = 0 ]
promise 'the kernel OOM-kills nothing' [ $kills = 0 ]
incident_end
