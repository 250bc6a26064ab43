# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A real Prometheus scrapes the exporter, and the shipped rules reach a real Alertmanager when a container leaks and is
# OOM-killed; so do the exporter's own alerts. /readyz fails soon after the daemon has died, /metrics says so, and comes back with it.
. "$(dirname "$0")/lib.sh"

for tool in prometheus promtool curl; do need $tool; done
alertmanager=$(command -v prometheus-alertmanager || command -v alertmanager) || skip 'alertmanager is not here'

BOARD=$work/own # a daemon of our own: it is killed
cat >"$work/acting.yaml" <<END
mode: enforce
policies: [{name: too-much, match: {cgroup: "$ours/acted"}, when: {usage: 60%}, actions: [kill]}]
END
daemon_start --config "$work/acting.yaml" || fail 'the daemon does not start'
base=$(tests/free-ports)
web=$((base + 1)) am=$((base + 2)) http=$base
cat >"$work/headroom.yaml" <<END
export:
  prometheus: {listen: "127.0.0.1:$http"}
  webhook: {url: "http://127.0.0.1:$am/api/v2/alerts", format: alertmanager}
END
# What takes minutes in the shipped rules takes seconds here; the expressions are theirs.
sed -e 's/for: [0-9]*[ms]/for: 0s/' deploy/prometheus/rules.yaml >"$work/rules.yaml"
cat >"$work/prometheus.yaml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["$work/rules.yaml"]
alerting: {alertmanagers: [{static_configs: [{targets: ["127.0.0.1:$am"]}]}]}
scrape_configs: [{job_name: headroom, static_configs: [{targets: ["127.0.0.1:$http"]}]}]
END
cat >"$work/am.yaml" <<END
route: {receiver: none, group_wait: 0s}
receivers: [{name: none}]
END
mkdir "$work/tsdb" "$work/am"
pids=
scenario_clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
}
"$build/headroom" export --config "$work/headroom.yaml" --board "$BOARD" >"$work/export.log" 2>&1 &
pids="$pids $!"
prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/tsdb" \
	--web.listen-address="127.0.0.1:$web" --log.level=error >"$work/prometheus.log" 2>&1 &
pids="$pids $!"
"$alertmanager" --config.file="$work/am.yaml" --storage.path="$work/am" --web.listen-address="127.0.0.1:$am" \
	--cluster.listen-address= --log.level=error >"$work/am.log" 2>&1 &
pids="$pids $!"

get() { curl -fsS --max-time 5 "http://127.0.0.1:$1"; }
wait_for 10 get "$http/readyz" || { cat "$work/export.log" >&2 && fail '/readyz is not ok'; }
get "$http/metrics" >"$work/metrics" || fail 'no /metrics'
promtool check metrics <"$work/metrics" >"$work/lint" 2>&1 || { cat "$work/lint" >&2 && fail 'promtool check metrics'; }
promtool check rules deploy/prometheus/rules.yaml >"$work/lint" 2>&1 || { cat "$work/lint" >&2 && fail 'promtool check rules'; }
promtool test rules tests/live/alert-rules.yaml >"$work/lint" 2>&1 || { cat "$work/lint" >&2 && fail 'promtool test rules'; }
curl -fsS -H 'Accept: application/openmetrics-text' "http://127.0.0.1:$http/metrics" | tail -n 1 | grep -qx '# EOF' ||
	fail 'OpenMetrics does not end in # EOF'
get "$http/" | grep -q '<table>' || fail 'the page at / has no table'

query() { # expression
	curl -fsS -G --data-urlencode "query=$1" "http://127.0.0.1:$web/api/v1/query" | ask '.data.result[0]'
}
wait_for 30 query 'headroom_guard_up == 1' || { cat "$work/prometheus.log" >&2 && fail 'Prometheus has no figures'; }

# The fleet that Prometheus knows, which is this one node.
fleet() { "$build/headroom" ls --json --prometheus "http://127.0.0.1:$web" | ask "$1"; }
wait_for 20 fleet "(.containers | length > 0) and all(.containers[]; .node == \"$(uname -n)\")" || fail 'no fleet'
[ "$("$build/headroom" ls --prometheus "http://127.0.0.1:$http" 2>&1)" = \
	"headroom: http://127.0.0.1:$http answers 404 to /api/v1/query: is that a Prometheus?" ] || fail 'an exporter is no Prometheus'

group_make acted 67108864 || fail 'cannot make a group'
in_group acted "$workload" leak 10MiB &
group_make leaky 67108864 || fail 'cannot make a group'
in_group leaky "$workload" leak 3MiB &
wait_for 20 fleet "$(entry leaky) | select(.limit_bytes == 67108864 and .usage_bytes > 0)" || fail 'the fleet does not have the leaky one'
fired() { get "$am/api/v2/alerts" | ask ".[] | select(.labels.alertname == \"$1\") | select(.labels.id // \"\" | endswith(\"$2\"))"; }
wait_for 60 fired ContainerMemoryRunsOut "$ours/leaky" || fail 'no alert before the container ran out of memory'
wait_for 60 fired ContainerOOMKilled "$ours/leaky" || {
	query "headroom_container_oom_kills_total{id=\"$ours/leaky\"}[2m]" | jq -c '[.values[0, -1], (.values | length)]' >&2
	get "$web/metrics" | grep '^prometheus_notifications_.*_total' >&2
	snapshot | ask "$(entry leaky) | {state, oom_kills_total}" >&2
	fail 'the OOM kill did not reach Alertmanager'
}
# And without a Prometheus, from the events.
wait_for 20 fired MemoryOOMKill "$ours/leaky" || { cat "$work/export.log" >&2 && fail 'the alert of the exporter itself did not reach Alertmanager'; }
wait_for 20 query "headroom_container_oom_kills_total{id=\"$ours/leaky\"} >= 1" || fail 'the kill is not counted'

wait_for 20 fired HeadroomActed '' || fail 'what the policy did did not reach Alertmanager'

# Every query of every dashboard gives something for the time since the start; what may give nothing here has its reason
# beside it in dashboards-empty.
jq -r '.panels[].targets[]?.expr, (.templating.list[] | select(.type == "query") | .query.query
	| capture("label_values\\((?<metric>.*), [a-z]+\\)$").metric)' deploy/grafana/dashboards/*.json | sort -u >"$work/queries"
[ "$(wc -l <"$work/queries")" -ge 60 ] || fail 'the dashboards have lost their queries'
began=$(($(date +%s) - 60))
substitute() {
	sed -e 's/\$__rate_interval/5s/g; s/\$__range/1m/g; s/\$node/.*/g; s/\$name/.*/g' -e "s|\\\$id|$ours/leaky|g"
}
may_be_empty() { # query
	grep -v '^#' tests/live/dashboards-empty | cut -f 1 | while read -r part; do
		case $1 in *"$part"*) echo "$part" ;; esac
	done | grep -q .
}
while read -r query; do
	curl -sS -G --data-urlencode "query=$(printf '%s\n' "$query" | substitute)" -d "start=$began&end=$(date +%s)&step=2" \
		"http://127.0.0.1:$web/api/v1/query_range" >"$work/answer"
	if ask '.status == "success"' <"$work/answer" >/dev/null; then
		if ask '.data.result | length > 0' <"$work/answer" >/dev/null || may_be_empty "$query"; then continue; fi
	fi
	printf '%s\n' "$query" >&2 && cut -c 1-300 "$work/answer" >&2
	fail 'a query of a dashboard gives nothing'
done <"$work/queries"

# Daemon and supervisor at once: each would start the other again.
pid=$(snapshot | jq '.host.guard.pid')
kill -STOP "$pid" # or it starts another supervisor between the two
kill -KILL "$daemon" "$pid" && wait "$daemon" 2>/dev/null
dead() { ! get "$http/readyz" 2>/dev/null; }
began=$(now)
wait_for 10 dead || fail '/readyz does not see that the daemon is dead'
[ $(($(now) - began)) -le $((500 * slow)) ] || fail '/readyz took more than 5 s to see that the daemon is dead'
wait_for 30 fired HeadroomDaemonDown '' || fail 'HeadroomDaemonDown did not fire'
