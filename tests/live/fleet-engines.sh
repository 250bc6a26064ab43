# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A fleet in a real Prometheus and a real VictoriaMetrics, whichever is here: 4 simulated nodes of 50 containers, from a real exposition, and
# 2 nodes that were scraped until seven minutes ago, with OOM kills and near misses at known times. `ls --prometheus` has all containers and says
# which nodes are lost; `report --prometheus` has each incident once. No daemon is needed.
. "$(dirname "$0")/lib.sh"

for tool in curl jq "$build/tools/make-board"; do need "$tool"; done
prometheus=$(command -v prometheus && command -v promtool >/dev/null) || prometheus=
victoria=$(tools/fetch_victoria 2>"$work/fetch.log") || victoria=
[ -n "$prometheus$victoria" ] || skip "neither prometheus nor VictoriaMetrics is here: $(tail -n 1 "$work/fetch.log")"
pids=
scenario_clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
}
port=$(tests/free-ports)

"$build/tools/make-board" --out "$work/board" --containers 50 || fail 'no board'
printf 'export: {prometheus: {listen: "127.0.0.1:%s"}}\n' "$port" >"$work/headroom.yaml"
"$build/headroom" export --config "$work/headroom.yaml" --board "$work/board" 2>"$work/export.log" &
pids="$pids $!"
exposition() { curl -fsS -o "$work/exposition" "http://127.0.0.1:$port/metrics"; }
wait_for 10 exposition || fail 'no exposition'
expected=$((4 * $(grep -c '^headroom_container_memory_usage_bytes{' "$work/exposition")))
now=$(date +%s)
{
	tools/simulate-week 2 $((now - 420)) 60 21600 | grep -v '^# EOF'
	tools/simulate-fleet 4 $((now - 10)) $((now + 240)) 125 <"$work/exposition"
} >"$work/fleet.om"

check() { # name, url
	answers() { curl -fsS "$2/api/v1/query?query=headroom_guard_up" | grep -q headroom_guard_up; }
	wait_for 20 answers "$@" || fail "$1 does not start"
	"$build/headroom" ls --json --prometheus "$2" >"$work/ls.json" 2>"$work/ls.err" || fail "$1: $(cat "$work/ls.err")"
	expect "(.containers | length) == $expected and ([.containers[].node] | unique | length) == 4 and .host.node == \"4 nodes, 2 lost\"" \
		"the containers in $1" <"$work/ls.json"
	"$build/headroom" report --prometheus "$2" --since -6h --format json >"$work/report.json" 2>"$work/ls.err" || fail "$1: $(cat "$work/ls.err")"
	expect '[.workloads[] | [.node, .workload, .oom_kills, .near_misses, (.incidents | length), .incidents[0].warned_seconds_before]] == [
		["node-1", "shop/cart-7/c7", 1, 0, 1, 240], ["node-1", "shop/cart-9/c9", 1, 0, 1, null],
		["node-2", "shop/cart-7/c7", 1, 0, 1, 240], ["node-2", "shop/cart-9/c9", 1, 0, 1, null],
		["node-1", "shop/cart-8/c8", 0, 1, 1, null], ["node-2", "shop/cart-8/c8", 0, 1, 1, null]]' "the report of $1" <"$work/report.json"
	# simulate-week: the kill of node N is at (N + 1) / 5 of the time, a minute's multiple before its end.
	expect "[.workloads[] | select(.workload == \"shop/cart-9/c9\") | .incidents[0].time[:19] + \"Z\" | fromdate] | map(. - $((now - 420 - 21600))) |
		(.[0] >= 8640 and .[0] <= 8655 and .[1] >= 12960 and .[1] <= 12975)" "the times of $1" <"$work/report.json"
}

if [ -n "$prometheus" ]; then
	mkdir "$work/prometheus"
	promtool tsdb create-blocks-from openmetrics "$work/fleet.om" "$work/prometheus" >"$work/promtool.log" 2>&1 || fail "$(cat "$work/promtool.log")"
	: >"$work/prometheus.yaml"
	prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/prometheus" --web.listen-address="127.0.0.1:$((port + 1))" \
		--log.level=error 2>"$work/prometheus.log" &
	pids="$pids $!"
	check Prometheus "http://127.0.0.1:$((port + 1))"
else
	echo 'not tried: prometheus or promtool is not here'
fi
if [ -n "$victoria" ]; then
	"$victoria" -storageDataPath="$work/victoria" -httpListenAddr="127.0.0.1:$((port + 2))" -memory.allowedBytes=64MiB -loggerLevel=ERROR \
		-search.latencyOffset=1s 2>"$work/victoria.log" &
	pids="$pids $!"
	imports() { curl -fsS -T "$work/fleet.om" "http://127.0.0.1:$((port + 2))/api/v1/import/prometheus" 2>/dev/null; }
	wait_for 20 imports || fail 'VictoriaMetrics does not import'
	curl -fsS "http://127.0.0.1:$((port + 2))/internal/force_flush"
	check VictoriaMetrics "http://127.0.0.1:$((port + 2))"
else
	echo "not tried: $(tail -n 1 "$work/fetch.log")"
fi
