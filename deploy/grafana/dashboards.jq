# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The four dashboards as data; `deploy/grafana/make` writes dashboards/*.json from it. A panel has a title, a unit, a
# description and queries. Queries use only metrics that `headroom export` exports (docs/how-to/exporting.md).
def datasource: {type: "prometheus", uid: "${datasource}"};
def steps($list): {mode: "absolute", steps: ([{color: "green", value: null}] + ($list | map({color: .[0], value: .[1]})))};
def risk_steps: steps([["yellow", 30], ["orange", 50], ["red", 80]]);
def any_bad: steps([["red", 1]]);
def eta_steps: {mode: "absolute", steps: [{color: "red", value: null}, {color: "orange", value: 300}, {color: "yellow", value: 900},
	{color: "green", value: 3600}]};
def neutral: {mode: "absolute", steps: [{color: "blue", value: null}]};

# legend, query
def q($legend; $expr): {legendFormat: $legend, expr: $expr};
def targets($queries; $more): [$queries | to_entries[] | .key as $i | .value + $more
	+ {refId: ([65 + $i] | implode), datasource: datasource}];
def panel($type; $title; $unit; $description; $queries; $thresholds):
	{type: $type, title: $title, description: $description, datasource: datasource,
	 targets: targets($queries; if $type == "timeseries" then {} else {instant: true} end),
	 fieldConfig: {defaults: {unit: $unit, thresholds: $thresholds, custom: {}}, overrides: []}, options: {}, links: []};
def lines($title; $unit; $description; $queries): panel("timeseries"; $title; $unit; $description; $queries; neutral)
	| .fieldConfig.defaults.custom = {drawStyle: "line", lineWidth: 1, fillOpacity: 8, showPoints: "never", spanNulls: false}
	| .options = {legend: {displayMode: "list", placement: "bottom", showLegend: true}, tooltip: {mode: "multi", sort: "desc"}};
def stacked: .fieldConfig.defaults.custom += {fillOpacity: 40, stacking: {mode: "normal", group: "A"}};
def bars: .fieldConfig.defaults.custom += {drawStyle: "bars", fillOpacity: 80};
def bounded($most): .fieldConfig.defaults += {min: 0, max: $most};
def stat($title; $unit; $description; $expr; $thresholds): panel("stat"; $title; $unit; $description; [q(""; $expr)]; $thresholds)
	| .options = {colorMode: "value", graphMode: "none", reduceOptions: {calcs: ["lastNotNull"], fields: "", values: false}};
def to_container: {title: "This container",
	url: "/d/headroom-container?${datasource:queryparam}&var-node=${__data.fields.instance}&var-id=${__data.fields.id}"};
# Columns: [title, unit, expr]; rows are joined by their labels.
def table($title; $description; $columns): panel("table"; $title; "short"; $description; [$columns[] | q(""; .[2])]; neutral)
	| .targets |= map(.format = "table")
	| .transformations = [{id: "merge", options: {}}, {id: "organize", options: {excludeByName: {Time: true, job: true, __name__: true},
		renameByName: (([$columns | to_entries[] | {("Value #" + ([65 + .key] | implode)): .value[0]}] | add)
			+ (if $columns | length == 1 then {Value: $columns[0][0]} else {} end))}}]
	| .fieldConfig.overrides = ([$columns[] | {matcher: {id: "byName", options: .[0]}, properties: [{id: "unit", value: .[1]}]}]
		+ [{matcher: {id: "byName", options: "id"}, properties: [{id: "links", value: [to_container]}]}])
	| .options = {showHeader: true, sortBy: [{displayName: $columns[0][0], desc: true}]};
# All fields of the API type DashboardLink.
def link($title; $more): {type: "link", title: $title, url: "", icon: "external link", tooltip: "", tags: [], asDropdown: false,
	includeVars: false, keepTime: false, targetBlank: false} + $more;
def runbook($alert): .links += [link("Runbook: \($alert)"; {url: "${runbook}#\($alert | ascii_downcase)", targetBlank: true})];

# Rows: {title, height, panels}; a panel's `share` of the 24 columns is 1 by default.
def layout: reduce .[] as $row ({y: 0, id: 1, out: []};
	.y as $y | .id as $id
	| ($row.panels | map(.share // 1) | add) as $shares
	| .out += [{id: $id, type: "row", title: $row.title, collapsed: false, panels: [], gridPos: {x: 0, y: $y, w: 24, h: 1}}]
	| .out += ([foreach ($row.panels | to_entries[]) as $p ({x: 0, w: 0}; .x += .w | .w = (24 * ($p.value.share // 1) / $shares | floor);
		($p.value | del(.share)) + {id: ($id + 1 + $p.key), gridPos: {x: .x, y: ($y + 1), w: .w, h: $row.height}})])
	| .y += 1 + $row.height | .id += 1 + ($row.panels | length)) | .out;

def variable($name; $called; $query; $many): {type: "query", name: $name, label: $called, datasource: datasource, refresh: 2, sort: 1,
	query: {query: $query, refId: $name}, includeAll: $many, multi: $many, hide: 0,
	current: (if $many then {text: "All", value: "$__all"} else {text: "", value: ""} end)} + if $many then {allValue: ".*"} else {} end;
def nodes($many): variable("node"; "Node"; "label_values(headroom_guard_up, instance)"; $many);
def dashboard($uid; $title; $description; $variables; $rows):
	{uid: $uid, title: $title, description: $description, tags: ["headroom"], schemaVersion: 39, version: 1, editable: true,
	 timezone: "", refresh: "15s", time: {from: "now-1h", to: "now"}, annotations: {list: []},
	 templating: {list: ([{type: "datasource", name: "datasource", label: "Prometheus", query: "prometheus", current: {text: "", value: ""}, hide: 0},
		{type: "constant", name: "runbook", label: "Runbook location", query: "docs/how-to/runbook.md", hide: 2}] + $variables)},
	 links: [link("headroom"; {type: "dashboards", tags: ["headroom"], asDropdown: true, keepTime: true})],
	 panels: ($rows | layout)};

# increase() is empty for a container that started and was killed between two scrapes. The second term adds it, except for a
# restarted container, which keeps its count, and for kills from before the first scrape of the node.
def kills($in; $range): "headroom_container_oom_kills_total{\($in)}" as $x
	| "((increase(\($x)[\($range)]) > 0) or (\($x) > 0 unless \($x) offset \($range) unless headroom_container_restarts_total{\($in)} > 0 and on (instance) headroom_guard_up{\($in)} offset \($range)))";
def riskiest($n): "topk(\($n), headroom_container_risk{instance=~\"$node\"})";
def among_riskiest($expr): "\($expr) and on (instance, id) \(riskiest(20))";
def median: "max without (quantile) (headroom_container_oom_in_seconds{quantile=\"0.5\", instance=~\"$node\"})";
# increase() is empty for the first action of its kind.
def actions_done($in; $range): "headroom_actions_total{\($in)}" as $x
	| "((increase(\($x)[\($range)]) > 0) or (\($x) unless \($x) offset \($range)))";
def container_name: "{{namespace}} {{pod}} {{name}} {{id}}";
def this_container: "instance=~\"$node\", id=\"$id\"";

def fleet: dashboard("headroom-fleet"; "headroom: fleet"; "All nodes: containers by OOM risk, and nodes without a running daemon"; [nodes(true)]; [
	{title: "Now", height: 4, panels: [
		stat("Nodes up"; "short"; "Daemons with a current heartbeat."; "sum(headroom_guard_up{instance=~\"$node\"})"; neutral),
		(stat("Daemons down"; "short"; "No forecasts and no actions on these nodes."; "count(headroom_guard_up{instance=~\"$node\"} == 0) or vector(0)"; any_bad) | runbook("HeadroomDaemonDown")),
		stat("Containers"; "short"; "Containers, units and other cgroups that hold processes."; "sum(headroom_guard_containers{instance=~\"$node\"})"; neutral),
		(stat("Alarms"; "short"; "Containers with a predicted OOM kill or stall."; "count(headroom_container_alarm{instance=~\"$node\"} >= 2) or vector(0)"; any_bad) | runbook("ContainerMemoryRunsOut")),
		(stat("Leaks"; "short"; "Confirmed: the baseline has risen for most of an hour."; "count(headroom_container_leak{instance=~\"$node\"} >= 2) or vector(0)"; any_bad) | runbook("ContainerMemoryLeak")),
		(stat("OOM kills"; "short"; "In the dashboard's time range."; "sum(\(kills("instance=~\"$node\""; "$__range"))) or vector(0)"; any_bad) | runbook("ContainerOOMKilled")),
		(stat("Actions"; "short"; "Actions done in the dashboard's time range, notifications excluded."; "sum(\(actions_done("instance=~\"$node\", result=\"done\", action!=\"notify\""; "$__range"))) or vector(0)"; steps([["orange", 1]])) | runbook("HeadroomActed"))]},
	{title: "Highest risk", height: 9, panels: [
		(table("Highest risk"; "Probability of an OOM kill or an equal stall within 15 minutes. The id links to the container's dashboard."; [
			["Risk", "percent", riskiest(20)], ["OOM ETA", "s", among_riskiest(median)],
			["Headroom", "bytes", among_riskiest("headroom_container_headroom_bytes{instance=~\"$node\"}")],
			["Usage", "bytes", among_riskiest("headroom_container_memory_usage_bytes{instance=~\"$node\"}")],
			["Growth", "binBps", among_riskiest("headroom_container_memory_drift_bytes_per_second{instance=~\"$node\"}")]]) | runbook("ContainerMemoryRunsOut"))]},
	{title: "Nodes", height: 8, panels: [
		(lines("Host headroom"; "bytes"; "Available memory and usable swap."; [q("{{instance}}"; "headroom_host_headroom_bytes{instance=~\"$node\"}")]) | runbook("HostMemoryRunsOut")),
		(lines("Host risk"; "percent"; "Memory of the whole host, usable swap included."; [q("{{instance}}"; "headroom_host_risk{instance=~\"$node\"}")]) | bounded(100) | .fieldConfig.defaults.thresholds = risk_steps | runbook("HostMemoryRunsOut")),
		(lines("Available memory"; "percentunit"; "Share of the installed memory."; [q("{{instance}}"; "headroom_host_memory_available_bytes{instance=~\"$node\"} / headroom_host_memory_total_bytes{instance=~\"$node\"}")]) | bounded(1))]},
	{title: "Events", height: 8, panels: [
		(lines("OOM kills by node"; "short"; "Per interval of the graph."; [q("{{instance}}"; "sum by (instance) (\(kills("instance=~\"$node\""; "$__rate_interval")))")]) | bars | runbook("ContainerOOMKilled")),
		(lines("Alarms by node"; "short"; "Containers with an alarm."; [q("{{instance}}"; "sum by (instance) (headroom_container_alarm{instance=~\"$node\"} >= bool 2)")]) | runbook("ContainerMemoryRunsOut"))]}]);

def node: dashboard("headroom-node"; "headroom: node"; "One node: its memory, its largest containers, and the state of its daemon"; [nodes(false)]; [
	{title: "Host memory", height: 7, panels: [
		(lines("Memory"; "bytes"; "Available: what new allocations can get without swapping."; [q("total"; "headroom_host_memory_total_bytes{instance=~\"$node\"}"), q("available"; "headroom_host_memory_available_bytes{instance=~\"$node\"}"), q("headroom, usable swap included"; "headroom_host_headroom_bytes{instance=~\"$node\"}")]) | .share = 2 | runbook("HostMemoryRunsOut")),
		(lines("Swap"; "bytes"; "Without swap, low memory pressure does not rule out an OOM kill."; [q("total"; "headroom_host_swap_total_bytes{instance=~\"$node\"}"), q("free"; "headroom_host_swap_free_bytes{instance=~\"$node\"}")])),
		(stat("Risk"; "percent"; "Probability of a host-wide OOM within 15 minutes."; "headroom_host_risk{instance=~\"$node\"}"; risk_steps) | runbook("HostMemoryRunsOut")),
		(stat("OOM ETA"; "s"; "Median forecast; empty: no OOM forecast within 24h."; "headroom_host_oom_in_seconds{instance=~\"$node\"}"; eta_steps) | runbook("HostMemoryRunsOut"))]},
	{title: "Memory by container", height: 9, panels: [
		lines("Largest containers"; "bytes"; "By non-reclaimable memory."; [q(container_name; "topk(10, headroom_container_memory_unreclaimable_bytes{instance=~\"$node\"})")]),
		lines("Fastest growing"; "binBps"; "Trend of the non-reclaimable memory."; [q(container_name; "topk(10, headroom_container_memory_drift_bytes_per_second{instance=~\"$node\"} > 0)")]),
		(lines("Least headroom"; "bytes"; "To the effective limit: the container's, a parent's or the host's."; [q(container_name; "bottomk(10, headroom_container_headroom_bytes{instance=~\"$node\"})")]) | runbook("ContainerMemoryExceeded"))]},
	{title: "Memory stalls", height: 8, panels: [
		lines("Reclaim stalls"; "percentunit"; "Share of time that tasks spend in direct reclaim."; [q(container_name; "topk(10, rate(headroom_container_reclaim_stall_seconds_total{instance=~\"$node\"}[$__rate_interval]))")]),
		lines("Memory pressure"; "percentunit"; "PSI some: share of time in which at least one task waits for memory. cgroup v2 only."; [q(container_name; "topk(10, rate(headroom_container_pressure_waiting_seconds_total{instance=~\"$node\"}[$__rate_interval]))")]),
		lines("Refaults"; "cps"; "Pages read again soon after eviction: the page cache is too small."; [q(container_name; "topk(10, rate(headroom_container_refaults_total{instance=~\"$node\"}[$__rate_interval]))")])]},
	{title: "Daemon", height: 6, panels: [
		(stat("Heartbeat age"; "s"; "Above 3 s the daemon counts as down."; "headroom_guard_heartbeat_age_seconds{instance=~\"$node\"}"; steps([["red", 3]])) | runbook("HeadroomDaemonDown")),
		stat("Uptime"; "s"; "Since the daemon's start; the board may be older."; "time() - headroom_guard_start_time_seconds{instance=~\"$node\"}"; neutral),
		(stat("Mode"; "short"; "0 observe, 1 dry-run, 2 enforce."; "headroom_guard_mode{instance=~\"$node\"}"; neutral) | .fieldConfig.defaults.mappings = [{type: "value", options: {"0": {text: "observe"}, "1": {text: "dry-run"}, "2": {text: "enforce"}}}]),
		lines("Memory"; "bytes"; "Resident memory of the daemon, board included."; [q("resident"; "headroom_guard_resident_bytes{instance=~\"$node\"}")]),
		lines("CPU and sweep"; "percentunit"; "Share of one core; duration of the last sweep over all cgroups, in seconds."; [q("CPU"; "rate(headroom_guard_cpu_seconds_total{instance=~\"$node\"}[$__rate_interval])"), q("last sweep, seconds"; "headroom_guard_sweep_seconds{instance=~\"$node\"}")]),
		lines("Capacity"; "short"; "Containers followed, and slots on the board. Full tables cause an event, and grow later."; [q("containers"; "headroom_guard_containers{instance=~\"$node\"}"), q("capacity"; "headroom_guard_capacity{instance=~\"$node\"}")])]},
	{title: "Exporter", height: 6, panels: [
		lines("Events delivered"; "cps"; "By sink."; [q("{{sink}}"; "rate(headroom_export_delivered_total{instance=~\"$node\"}[$__rate_interval])")]),
		(lines("Events lost"; "short"; "In the kernel, before the exporter read them, or because a sink was too slow."; [q("daemon"; "increase(headroom_guard_events_lost_total{instance=~\"$node\"}[$__rate_interval])"), q("missed by {{sink}}"; "increase(headroom_export_missed_total{instance=~\"$node\"}[$__rate_interval])"), q("dropped by {{sink}}"; "increase(headroom_export_dropped_total{instance=~\"$node\"}[$__rate_interval])")]) | runbook("HeadroomEventsLost")),
		(lines("Failures and queue"; "short"; "By sink."; [q("failures of {{sink}}"; "increase(headroom_export_failures_total{instance=~\"$node\"}[$__rate_interval])"), q("queued for {{sink}}"; "headroom_export_queued{instance=~\"$node\"}")]) | runbook("HeadroomEventsLost"))]}]);

def container: dashboard("headroom-container"; "headroom: container"; "One container: usage, headroom and forecast"; [nodes(true),
	variable("name"; "Name"; "label_values(headroom_container_memory_usage_bytes{instance=~\"$node\"}, name)"; true),
	variable("id"; "Cgroup"; "label_values(headroom_container_memory_usage_bytes{instance=~\"$node\", name=~\"$name\"}, id)"; false)]; [
	{title: "Now", height: 4, panels: [
		(stat("Risk"; "percent"; "Probability of an OOM kill or an equal stall within 15 minutes."; "headroom_container_risk{\(this_container)}"; risk_steps) | runbook("ContainerMemoryRunsOut")),
		(stat("OOM ETA"; "s"; "Median forecast; empty: no OOM forecast within 24h."; "headroom_container_oom_in_seconds{quantile=\"0.5\", \(this_container)}"; eta_steps) | runbook("ContainerMemoryRunsOut")),
		(stat("Headroom"; "bytes"; "To the effective limit: the container's, a parent's or the host's."; "headroom_container_headroom_bytes{\(this_container)}"; neutral) | runbook("ContainerMemoryExceeded")),
		(stat("Leak"; "short"; "State of the baseline over the last hour."; "headroom_container_leak{\(this_container)}"; steps([["yellow", 1], ["red", 2]])) | .fieldConfig.defaults.mappings = [{type: "value", options: {"0": {text: "none"}, "1": {text: "suspected"}, "2": {text: "confirmed"}, "3": {text: "exhausting"}}}] | runbook("ContainerMemoryLeak")),
		(stat("OOM kills"; "short"; "Earlier runs of the container included."; "headroom_container_oom_kills_total{\(this_container)}"; any_bad) | runbook("ContainerOOMKilled")),
		stat("Restarts"; "short"; "Since the daemon first saw the container."; "headroom_container_restarts_total{\(this_container)}"; neutral)]},
	{title: "Memory", height: 9, panels: [
		(lines("Usage and limit"; "bytes"; "Non-reclaimable memory leads to an OOM kill; the rest of the usage is cache."; [q("limit"; "headroom_container_memory_limit_bytes{\(this_container)}"), q("usage"; "headroom_container_memory_usage_bytes{\(this_container)}"), q("working set"; "headroom_container_memory_working_set_bytes{\(this_container)}"), q("non-reclaimable"; "headroom_container_memory_unreclaimable_bytes{\(this_container)}")]) | runbook("ContainerMemoryExceeded")),
		(lines("Memory by kind"; "bytes"; "Anon: heap and stacks. Shmem: tmpfs and shared memory. Kernel: includes page tables and slab."; [q("anon"; "headroom_container_memory_anon_bytes{\(this_container)}"), q("page cache"; "headroom_container_memory_file_bytes{\(this_container)}"), q("shmem"; "headroom_container_memory_shmem_bytes{\(this_container)}"), q("kernel"; "headroom_container_memory_kernel_bytes{\(this_container)}"), q("swap"; "headroom_container_memory_swap_bytes{\(this_container)}")]) | stacked)]},
	{title: "Forecast", height: 8, panels: [
		(lines("OOM ETA"; "s"; "Median and 80% interval."; [q("{{quantile}}"; "headroom_container_oom_in_seconds{\(this_container)}")]) | runbook("ContainerMemoryRunsOut")),
		(lines("Risk"; "percent"; "Probability of an OOM kill or an equal stall within 15 minutes."; [q("risk"; "headroom_container_risk{\(this_container)}")]) | bounded(100) | .fieldConfig.defaults.thresholds = risk_steps | runbook("ContainerMemoryRunsOut")),
		lines("Growth"; "binBps"; "Trend of the non-reclaimable memory."; [q("growth"; "headroom_container_memory_drift_bytes_per_second{\(this_container)}")]),
		(lines("Leak rate"; "bytes"; "Per hour, for a suspected or confirmed leak."; [q("per hour"; "headroom_container_leak_bytes_per_hour{\(this_container)}")]) | runbook("ContainerMemoryLeak"))]},
	{title: "Processes and stalls", height: 7, panels: [
		lines("RSS"; "bytes"; "Resident memory of the processes; a shared page counts once for each process."; [q("RSS"; "headroom_container_memory_rss_bytes{\(this_container)}")]),
		lines("Reclaim stalls"; "percentunit"; "Share of time that tasks spend in direct reclaim."; [q("stalled"; "rate(headroom_container_reclaim_stall_seconds_total{\(this_container)}[$__rate_interval])")]),
		lines("Memory pressure"; "percentunit"; "PSI: share of time in which some, or all, tasks wait for memory. cgroup v2 only."; [q("some"; "rate(headroom_container_pressure_waiting_seconds_total{\(this_container)}[$__rate_interval])"), q("full"; "rate(headroom_container_pressure_stalled_seconds_total{\(this_container)}[$__rate_interval])")]),
		lines("Refaults"; "cps"; "Pages read again soon after eviction."; [q("refaults"; "rate(headroom_container_refaults_total{\(this_container)}[$__rate_interval])")])]}]);

def incidents: dashboard("headroom-incidents"; "headroom: incidents"; "OOM kills, the forecasts before them, and headroom's actions"; [nodes(true)]; [
	{title: "OOM kills", height: 8, panels: [
		(lines("OOM kills"; "short"; "By container, per interval of the graph."; [q(container_name; "sum by (instance, id, name, namespace, pod) (\(kills("instance=~\"$node\""; "$__rate_interval")))")]) | bars | .share = 2 | runbook("ContainerOOMKilled")),
		(table("OOM-killed containers"; "In the dashboard's time range. `headroom report` on the node prints the post-mortem."; [["Kills", "short", "sum by (instance, id, name, namespace, pod, container) (\(kills("instance=~\"$node\""; "$__range")))"]]) | runbook("ContainerOOMKilled"))]},
	{title: "Alarms", height: 8, panels: [
		(lines("Risk"; "percent"; "Of the containers with an alarm."; [q(container_name; "headroom_container_risk{instance=~\"$node\"} and on (instance, id) headroom_container_alarm >= 2")]) | bounded(100) | .fieldConfig.defaults.thresholds = risk_steps | runbook("ContainerMemoryRunsOut")),
		(lines("Headroom"; "bytes"; "Of the containers with an alarm, to their effective limit."; [q(container_name; "headroom_container_headroom_bytes{instance=~\"$node\"} and on (instance, id) headroom_container_alarm >= 2")]) | runbook("ContainerMemoryRunsOut")),
		(lines("OOM kills of the host"; "short"; "The kernel's count since boot; includes processes outside of containers."; [q("{{instance}}"; "headroom_host_oom_kills_total{instance=~\"$node\"}")]) | runbook("ContainerOOMKilled"))]},
	{title: "Actions", height: 8, panels: [
		(lines("Actions"; "short"; "By policy, action and result, per interval of the graph."; [q("{{policy}} {{action}} {{result}}"; "sum by (policy, action, result) \(actions_done("instance=~\"$node\""; "$__rate_interval"))")]) | bars | runbook("HeadroomActed")),
		(table("Actions by policy"; "In the dashboard's time range."; [["Count", "short", "sum by (instance, policy, action, result) \(actions_done("instance=~\"$node\""; "$__range"))"]]) | runbook("HeadroomActed"))]},
	{title: "Forecast quality since each board was created", height: 6, panels: [
		stat("OOM kills predicted"; "percentunit"; "Share of OOM kills with an alarm before."; "sum(headroom_forecast_oom_kills_total{instance=~\"$node\", warned=\"yes\"}) / sum(headroom_forecast_oom_kills_total{instance=~\"$node\"})"; neutral),
		stat("Alarms confirmed"; "percentunit"; "Alarms `act` that proved right, of those with a verdict."; "sum(headroom_forecast_alarms_total{instance=~\"$node\", alarm=\"act\", verdict=\"right\"}) / sum(headroom_forecast_alarms_total{instance=~\"$node\", alarm=\"act\", verdict=~\"right|wrong\"})"; neutral),
		stat("Lead time"; "s"; "Median time from alarm to OOM kill."; "histogram_quantile(0.5, sum by (le) (headroom_forecast_lead_seconds_bucket{instance=~\"$node\"}))"; neutral),
		stat("Interval coverage"; "percentunit"; "Share of growth inside the 80% interval; the target is 80%."; "sum(headroom_forecast_intervals_covered_total{instance=~\"$node\"}) / sum(headroom_forecast_intervals_checked_total{instance=~\"$node\"})"; neutral),
		lines("OOM kills predicted and missed"; "short"; "Since the board was created."; [q("warned: {{warned}}"; "sum by (warned) (headroom_forecast_oom_kills_total{instance=~\"$node\"})")])]}]);

{fleet: fleet, node: node, container: container, incidents: incidents}
