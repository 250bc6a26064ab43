# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A host that swaps to zram, in memory: its free swap is not worth its size, the forecast goes on while swapping begins and what the swap is
# worth is measured, and the OOM kill is announced. Only in a guest of its own:
#
#   tools/vm --kernel 6.12 --mem 256M --timeout 240 --add "$(command -v jq)" -- tests/live/run zram
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

[ -n "${HEADROOM_VM:-}" ] || skip 'only in a VM: the host runs out of memory'
[ -e /sys/block/zram0 ] || skip 'no zram: the kernel in the cache is without its module (remove that and run tools/kernels)'
[ "$(wc -l </proc/swaps)" = 1 ] || skip 'there is swap already'
echo 96M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 || fail 'no swap on zram'
scenario_clean_up() { swapoff /dev/zram0; }

"$build/headroom" check >"$work/check" 2>&1
tr -s ' \n' ' ' <"$work/check" | grep -q '96 MiB, on zram .*50% (assumed): 96 MiB of free swap are worth 48 MiB' || {
	cat "$work/check" >&2 && fail 'check does not say what the swap is worth'
}
daemon_with <<E
mode: observe
E
sweeps 10 # calm, before

setsid "$workload" leak 8M 2G >/dev/null 2>&1 &
hog=$!
echo 1000 >/proc/$hog/oom_score_adj
: >"$work/seen"
while alive $hog; do
	snapshot | jq -Mc '.host | {available: .mem_available_bytes, swap_free: .swap_free_bytes, headroom: .headroom_bytes, zram: .memory.zram_bytes,
		oom: .oom_in_seconds.p50, risk, alarm}' >>"$work/seen"
	sleep 0.5
done
killed() { event_after "$since" ".type == \"oom_kill\" and .victim.comm == \"workload\"" >"$work/kill"; }
wait_for 5 killed || { tail -n 30 "$work/seen" >&2 && fail 'no oom_kill event of the hog'; }
jq -Mc '{forecast, anon: .victim.anon_bytes, swap: .victim.swap_bytes}' "$work/kill"
cli explain host | grep 'zram'
# From the first pages that are swapped out to the last (not after the kill): the forecast goes on.
jq -Mc 'select(.swap_free < 80000000 and .headroom > 8000000 and .available < 40000000)' "$work/seen" >"$work/swapping"
[ "$(wc -l <"$work/swapping")" -ge 1 ] || { cat "$work/seen" >&2 && fail 'it swapped too fast to be seen'; }
jq -Mc 'select(.oom == null or .risk < 40)' "$work/swapping" >"$work/lost"
[ ! -s "$work/lost" ] || { cat "$work/seen" >&2 && fail 'no forecast while it swaps'; }
expect '.forecast.risk >= 60' 'the OOM kill was predicted' <"$work/kill"
