# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A real VictoriaMetrics takes the OTLP sink's protobuf and scrapes the exporter: what it holds is what the board says, by name,
# meaning and number; and as a Prometheus it answers `ls --prometheus`. On a made-up board; no daemon is needed.
. "$(dirname "$0")/lib.sh"

for tool in curl jq "$build/tools/make-board"; do need "$tool"; done
victoria=$(tools/fetch_victoria 2>"$work/fetch.log") || skip "$(tail -n 1 "$work/fetch.log")"
pids=
scenario_clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
}
base=$(tests/free-ports)
vm=http://127.0.0.1:$base
printf 'scrape_configs: [{job_name: headroom, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:%s"]}]}]\n' $((base + 1)) >"$work/scrape.yaml"
# The board's time is its own: 100 years are enough for it.
"$victoria" -storageDataPath="$work/data" -httpListenAddr="127.0.0.1:$base" -retentionPeriod=100y -promscrape.config="$work/scrape.yaml" \
	-memory.allowedBytes=64MiB -search.latencyOffset=0s -loggerLevel=ERROR >"$work/victoria.log" 2>&1 &
pids="$pids $!"
"$build/tools/make-board" --out "$work/board" --containers 100 || fail 'no board'
cat >"$work/headroom.yaml" <<END
export:
  prometheus: {listen: "127.0.0.1:$((base + 1))"}
  otlp: {url: "$vm/opentelemetry", interval: 1s, logs: false}
END
answers() { curl -fsS -o /dev/null "$vm/health"; }
wait_for 20 answers || { cat "$work/victoria.log" >&2 && fail 'VictoriaMetrics does not start'; }
"$build/headroom" export --check --config "$work/headroom.yaml" --board "$work/board" >"$work/check" || fail "--check: $(cat "$work/check")"
# It has no place for logs: --check says so, and does not call that a success.
sed "s/logs: false/logs: true/" "$work/headroom.yaml" >"$work/logs.yaml"
"$build/headroom" export --check --config "$work/logs.yaml" --board "$work/board" >"$work/check" && fail '--check: logs work?'
grep -q '^otlp .*returned 400.*v1/logs' "$work/check" || fail "--check: $(cat "$work/check")"
"$build/headroom" export --config "$work/headroom.yaml" --board "$work/board" 2>"$work/export.log" &
pids="$pids $!"

# The newest value of each series, one a line: name, cgroup, value.
series() { # match
	curl -fsS "$vm/internal/force_flush"
	curl -fsS "$vm/api/v1/export" --data-urlencode "match[]=$1" | jq -r '[.metric.__name__, .metric["process.linux.cgroup"] // "-", .values[-1]] | @tsv' | sort
}
"$build/headroom" ls --json --board "$work/board" >"$work/ls.json"
# JSON key (or an expression) and the name that OpenTelemetry has for it.
expected() {
	jq -r '.containers[] | select(.state == "running") | . as $c |
		({"container.memory.usage": .usage_bytes, "container.memory.working_set": .working_set_bytes, "container.memory.rss": .anon_bytes,
		  "container.memory.available": (if .limit_bytes then ([.limit_bytes - .working_set_bytes, 0] | max) else null end),
		  "k8s.container.memory.limit.current": (if .pod then .limit_bytes else null end),
		  "headroom.container.memory.headroom": .headroom_bytes, "headroom.container.risk": .risk} |
		to_entries[] | select(.value != null) | [.key, $c.cgroup, .value] | @tsv)' "$work/ls.json" | sort
}
expected >"$work/expected"
[ "$(cut -f 1 "$work/expected" | sort -u | wc -l)" = 7 ] || fail 'the board has not every figure'
names='container.memory.usage|container.memory.working_set|container.memory.rss|container.memory.available|k8s.container.memory.limit.current|headroom.container.memory.headroom|headroom.container.risk'
# A dot of a name is a dot.
same() { series "{__name__=~\"$(printf '%s' "$names" | sed 's/[.]/[.]/g')\"}" >"$work/got" && cmp -s "$work/got" "$work/expected"; }
wait_for 15 same || { diff "$work/got" "$work/expected" | head -n 20 >&2; cat "$work/export.log" >&2; fail 'VictoriaMetrics does not hold what the board says'; }
# The node and the daemon; and no name that the reference does not have.
host=$(jq -r '.host | [.mem_total_bytes, .mem_available_bytes] | @tsv' "$work/ls.json")
got=$(series '{__name__=~"system[.]memory[.].*"}' | sort | cut -f 3 | paste -s)
[ "$got" = "$(printf '%s' "$host")" ] || fail "the node: $got instead of $host"
series '{__name__!="", service.name="headroom"}' | cut -f 1 | sort -u >"$work/names"
[ "$(wc -l <"$work/names")" -gt 20 ] || fail 'few names'
while read -r name; do
	grep -q -F -e "\`$name\`" -e "\`.${name##*.}\`" docs/reference/opentelemetry.md || fail "docs/reference/opentelemetry.md does not have $name"
done <"$work/names"
curl -fsS "$vm/api/v1/export" --data-urlencode 'match[]={__name__="container.memory.usage", k8s.pod.name!=""}' | head -n 1 |
	expect '.metric | .["service.name"] == "headroom" and .["k8s.node.name"] == .["host.name"] and (.["container.id"] | length == 64) and .["service.instance.id"] == .["host.name"] + .["process.linux.cgroup"]' 'the resource'

# As a Prometheus.
running=$(jq '[.containers[] | select(.state == "running")] | length' "$work/ls.json")
fleet() { [ "$("$build/headroom" ls --json --prometheus "$vm" | jq '.containers | length')" -ge "$running" ]; }
wait_for 15 fleet || fail "ls --prometheus: $("$build/headroom" ls --prometheus "$vm" 2>&1 | tail -n 3)"
