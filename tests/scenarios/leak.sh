# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A service with a limit of 512 MiB leaks from 150 MiB, so that it would hit the limit after 22 minutes; here sixty times as
# fast. Its owner must have a warning five minutes (here seconds) before; it must end by itself and run again within 5 s,
# though its supervisor restarts only what failed. The detector of leaks itself thinks in hours: leak-series.sh.
. tests/scenarios/lib.sh
[ -n "${HEADROOM_STEADY:-}" ] || skip 'this is a matter of time: only where time is steady (tools/vm --steady)'
unit=shop.service
LIMIT=$((512 << 20))
sed "s|@START@|$work/start|" "$scenarios/leak.yaml" >"$work/leak.yaml"
policy=$work/leak.yaml
host_start
guardian_begin
events_begin
supervise on-failure $unit --graceful 300ms service 150MiB 16500KiB &
pids="$pids supervisor=$!"
kills_before=$(vmstat oom_kill)
restarted() { [ "$(starts)" -ge 2 ]; }
wait_for 6 restarted
pids="$pids shop=$(cat "$work/supervised")"
note starts "$(starts)"
note first_end "$(sed -n 's/^ended \([0-9]*\) .*/\1/p' "$work/starts" | head -n 1)"
down_cs() { awk '/^ended/ && !end { end = $3 } /^started/ && end { print $2 - end; exit }' "$work/starts"; }
note down_cs "$(down_cs)"
if is_headroom; then
	warned=$(event_comes 1 "$(action notify) and .unit == \"$unit\"" | jq '(512 * 1048576 - .inputs.usage_bytes) / 16896000')
	note warned_seconds_before "${warned:-never}"
fi
host_row
promise 'it is warned of five scaled minutes before' awk -v w="${warned:-0}" 'BEGIN { exit !(w >= 5) }'
promise 'it ends by itself, with 0' grep -q '^ended 0' "$work/starts"
promise 'it is there again within 5 s' eval '[ "$(down_cs)" -le 500 ]'
promise 'the kernel OOM-kills nothing' [ "$kills" = 0 ]
promise 'nothing else is killed' [ "$wrong" = 0 ]
incident_end
