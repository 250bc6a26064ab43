#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Daemon, resolver, recorder and exporter together stay below 24 MiB of resident memory on a small host with twenty containers,
# shared pages counted once (the sum of the proportional set sizes). For the figure of docs/reference/performance.md:
#	tools/vm --kernel 6.12 --mem 416M --timeout 300 --add "$(command -v jq)" --add "$(command -v curl)" -- tests/live/resident.sh
. "$(dirname "$0")/lib.sh"

AIM_KIB=24576
[ -r /proc/self/smaps_rollup ] || skip 'this kernel has no smaps_rollup'
BOARD=$work/own
port=$(tests/free-ports)
pids=
scenario_clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
}
daemon_start || fail 'the daemon does not start'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	group_make c$i 33554432 || fail 'cannot make a group'
	in_group c$i sleep 1000 & pids="$pids $!"
done
"$build/headroom" recorder --board "$BOARD" --history "$work/history.db" --interval 1s 2>"$work/history.log" &
recorder=$! pids="$pids $!"
cat >"$work/headroom.yaml" <<END
export:
  state: $work/state
  prometheus: {listen: "127.0.0.1:$port"}
  jsonl: {path: $work/events.jsonl}
  socket: {path: $work/socket}
END
"$build/headroom" export --config "$work/headroom.yaml" --board "$BOARD" 2>"$work/export.log" &
exporter=$! pids="$pids $!"
wait_for 10 test -S "$work/socket" || { cat "$work/export.log" >&2 && fail 'the exporter does not start'; }
wait_for 10 seen c20 || fail 'the groups are not on the board'
# One OOM kill, so that each of them has worked.
group_make victim 33554432 && in_group victim "$workload" burst 64MiB 0s &
wait $! 2>/dev/null
wait_for 15 grep -q '"type":"oom_kill"' "$work/events.jsonl" || fail 'no kill in the file'
for i in 1 2 3; do
	curl -fsS -o /dev/null "http://127.0.0.1:$port/metrics" || busybox wget -q -O /dev/null "http://127.0.0.1:$port/metrics" || fail 'no scrape'
	sleep 2
done

below() { # pid: it and its descendants
	echo "$1"
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do below "$child"; done
}
size() { awk -v what="$1:" '$1 == what { n += $2 } END { print n + 0 }' "/proc/$2/smaps_rollup"; }
sum=0
printf '%-10s %8s %8s\n' KiB RSS PSS
row() { # name, pid…
	name=$1 rss=0 pss=0
	shift
	for pid; do rss=$((rss + $(size Rss "$pid"))) pss=$((pss + $(size Pss "$pid"))); done
	printf '%-10s %8d %8d\n' "$name" $rss $pss
	sum=$((sum + pss))
}
# shellcheck disable=SC2046 # a list
row daemon $(below $daemon)
row recorder $recorder
row exporter $exporter
printf '%-10s %8s %8d of %d\n' together '' $sum $AIM_KIB
[ $sum -le $AIM_KIB ] || fail "$sum KiB together are more than $AIM_KIB"
