# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The four dashboards as data; `deploy/grafana/make` writes dashboards/*.json from it. A panel is a line or two: what it asks,
# what its unit is, what it tells a tired person. Only names that `headroom export` exports (docs/how-to/exporting.md).
def datasource: {type: "prometheus", uid: "${datasource}"};
def steps($list): {mode: "absolute", steps: ([{color: "green", value: null}] + ($list | map({color: .[0], value: .[1]})))};
def risk: steps([["yellow", 30], ["orange", 50], ["red", 80]]);
def any_bad: steps([["red", 1]]);
def soon: {mode: "absolute", steps: [{color: "red", value: null}, {color: "orange", value: 300}, {color: "yellow", value: 900},
	{color: "green", value: 3600}]};
def calm: {mode: "absolute", steps: [{color: "blue", value: null}]};

# legend, query
def q($legend; $expr): {legendFormat: $legend, expr: $expr};
def targets($queries; $more): [$queries | to_entries[] | .key as $i | .value + $more
	+ {refId: ([65 + $i] | implode), datasource: datasource}];
def panel($type; $title; $unit; $description; $queries; $thresholds):
	{type: $type, title: $title, description: $description, datasource: datasource,
	 targets: targets($queries; if $type == "timeseries" then {} else {instant: true} end),
	 fieldConfig: {defaults: {unit: $unit, thresholds: $thresholds, custom: {}}, overrides: []}, options: {}, links: []};
def lines($title; $unit; $description; $queries): panel("timeseries"; $title; $unit; $description; $queries; calm)
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
def table($title; $description; $columns): panel("table"; $title; "short"; $description; [$columns[] | q(""; .[2])]; calm)
	| .targets |= map(.format = "table")
	| .transformations = [{id: "merge", options: {}}, {id: "organize", options: {excludeByName: {Time: true, job: true, __name__: true},
		renameByName: (([$columns | to_entries[] | {("Value #" + ([65 + .key] | implode)): .value[0]}] | add)
			+ (if $columns | length == 1 then {Value: $columns[0][0]} else {} end))}}]
	| .fieldConfig.overrides = ([$columns[] | {matcher: {id: "byName", options: .[0]}, properties: [{id: "unit", value: .[1]}]}]
		+ [{matcher: {id: "byName", options: "id"}, properties: [{id: "links", value: [to_container]}]}])
	| .options = {showHeader: true, sortBy: [{displayName: $columns[0][0], desc: true}]};
# As the API's type DashboardLink has it: every field is there.
def link($title; $more): {type: "link", title: $title, url: "", icon: "external link", tooltip: "", tags: [], asDropdown: false,
	includeVars: false, keepTime: false, targetBlank: false} + $more;
def runbook($alert): .links += [link("Runbook: \($alert)"; {url: "${runbook}#\($alert | ascii_downcase)", targetBlank: true})];

# Rows: {title, height, panels}; a panel's `share` of the width is 1 unless it says otherwise. 24 columns.
def laid_out: reduce .[] as $row ({y: 0, id: 1, out: []};
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
		{type: "constant", name: "runbook", label: "Where the runbook is", query: "docs/how-to/runbook.md", hide: 2}] + $variables)},
	 links: [link("headroom"; {type: "dashboards", tags: ["headroom"], asDropdown: true, keepTime: true})],
	 panels: ($rows | laid_out)};

# Who was born and killed between two scrapes has no increase: but for a restarted one, whose count is carried on, and for kills
# from before this node was watched.
def kills($in; $range): "headroom_container_oom_kills_total{\($in)}" as $x
	| "((increase(\($x)[\($range)]) > 0) or (\($x) > 0 unless \($x) offset \($range) unless headroom_container_restarts_total{\($in)} > 0 and on (instance) headroom_guard_up{\($in)} offset \($range)))";
def riskiest($n): "topk(\($n), headroom_container_risk{instance=~\"$node\"})";
def of_riskiest($expr): "\($expr) and on (instance, id) \(riskiest(20))";
def median: "max without (quantile) (headroom_container_oom_in_seconds{quantile=\"0.5\", instance=~\"$node\"})";
# An action that never ran before has no earlier sample to have increased from.
def acted($in; $range): "headroom_actions_total{\($in)}" as $x
	| "((increase(\($x)[\($range)]) > 0) or (\($x) unless \($x) offset \($range)))";
def container_name: "{{namespace}} {{pod}} {{name}} {{id}}";
def it: "instance=~\"$node\", id=\"$id\"";

def fleet: dashboard("headroom-fleet"; "headroom: fleet"; "All nodes: who runs out of memory first, and where nobody watches"; [nodes(true)]; [
	{title: "Now", height: 4, panels: [
		stat("Nodes watched"; "short"; "Guards whose heart beats."; "sum(headroom_guard_up{instance=~\"$node\"})"; calm),
		(stat("Silent guards"; "short"; "Nobody foresees or acts there."; "count(headroom_guard_up{instance=~\"$node\"} == 0) or vector(0)"; any_bad) | runbook("HeadroomGuardDown")),
		stat("Containers"; "short"; "Cgroups that hold processes, units and containers."; "sum(headroom_guard_containers{instance=~\"$node\"})"; calm),
		(stat("In alarm"; "short"; "An OOM kill, or standing still, is foreseen."; "count(headroom_container_alarm{instance=~\"$node\"} >= 1) or vector(0)"; any_bad) | runbook("ContainerMemoryRunsOut")),
		(stat("Leaks"; "short"; "Confirmed: the floor has grown for most of an hour."; "count(headroom_container_leak{instance=~\"$node\"} >= 2) or vector(0)"; any_bad) | runbook("ContainerMemoryLeak")),
		(stat("OOM kills"; "short"; "In the time that is shown."; "sum(\(kills("instance=~\"$node\""; "$__range"))) or vector(0)"; any_bad) | runbook("ContainerOOMKilled")),
		(stat("Acted"; "short"; "Actions done, without notifications, in the time that is shown."; "sum(\(acted("instance=~\"$node\", result=\"done\", action!=\"notify\""; "$__range"))) or vector(0)"; steps([["orange", 1]])) | runbook("HeadroomActed"))]},
	{title: "Who is next", height: 9, panels: [
		(table("Riskiest containers"; "The chance of an OOM kill, or of standing still, within 15 minutes; click on an id for all about it."; [
			["Risk", "percent", riskiest(20)], ["OOM in", "s", of_riskiest(median)],
			["Left", "bytes", of_riskiest("headroom_container_headroom_bytes{instance=~\"$node\"}")],
			["Used", "bytes", of_riskiest("headroom_container_memory_usage_bytes{instance=~\"$node\"}")],
			["Growth", "binBps", of_riskiest("headroom_container_memory_drift_bytes_per_second{instance=~\"$node\"}")]]) | runbook("ContainerMemoryRunsOut"))]},
	{title: "Nodes", height: 8, panels: [
		(lines("Left on the node"; "bytes"; "Available memory and usable swap."; [q("{{instance}}"; "headroom_host_headroom_bytes{instance=~\"$node\"}")]) | runbook("HostMemoryRunsOut")),
		(lines("Risk of the node"; "percent"; "The whole host, swap included."; [q("{{instance}}"; "headroom_host_risk{instance=~\"$node\"}")]) | bounded(100) | .fieldConfig.defaults.thresholds = risk | runbook("HostMemoryRunsOut")),
		(lines("Available, share"; "percentunit"; "Of what is installed."; [q("{{instance}}"; "headroom_host_memory_available_bytes{instance=~\"$node\"} / headroom_host_memory_total_bytes{instance=~\"$node\"}")]) | bounded(1))]},
	{title: "What happened", height: 8, panels: [
		(lines("OOM kills by node"; "short"; "Counted in steps of the graph."; [q("{{instance}}"; "sum by (instance) (\(kills("instance=~\"$node\""; "$__rate_interval")))")]) | bars | runbook("ContainerOOMKilled")),
		(lines("Alarms by node"; "short"; "Containers in alarm."; [q("{{instance}}"; "sum by (instance) (headroom_container_alarm{instance=~\"$node\"} >= bool 1)")]) | runbook("ContainerMemoryRunsOut"))]}]);

def node: dashboard("headroom-node"; "headroom: node"; "One node: its memory, who has it, and how its guard is"; [nodes(false)]; [
	{title: "The host", height: 7, panels: [
		(lines("Memory"; "bytes"; "Available: without anybody having to be swapped out or killed."; [q("total"; "headroom_host_memory_total_bytes{instance=~\"$node\"}"), q("available"; "headroom_host_memory_available_bytes{instance=~\"$node\"}"), q("left, swap included"; "headroom_host_headroom_bytes{instance=~\"$node\"}")]) | .share = 2 | runbook("HostMemoryRunsOut")),
		(lines("Swap"; "bytes"; "None: quiet pressure proves nothing."; [q("total"; "headroom_host_swap_total_bytes{instance=~\"$node\"}"), q("free"; "headroom_host_swap_free_bytes{instance=~\"$node\"}")])),
		(stat("Risk"; "percent"; "Of an OOM of the whole host within 15 minutes."; "headroom_host_risk{instance=~\"$node\"}"; risk) | runbook("HostMemoryRunsOut")),
		(stat("Runs out in"; "s"; "Median; nothing: none is foreseen within a day."; "headroom_host_oom_in_seconds{instance=~\"$node\"}"; soon) | runbook("HostMemoryRunsOut"))]},
	{title: "Who has it", height: 9, panels: [
		lines("Largest containers"; "bytes"; "By what can't be given back."; [q(container_name; "topk(10, headroom_container_memory_unreclaimable_bytes{instance=~\"$node\"})")]),
		lines("Fastest growing"; "binBps"; "Trend of what can't be given back."; [q(container_name; "topk(10, headroom_container_memory_drift_bytes_per_second{instance=~\"$node\"} > 0)")]),
		(lines("Least left"; "bytes"; "Before the first limit on the way up, the host's included."; [q(container_name; "bottomk(10, headroom_container_headroom_bytes{instance=~\"$node\"})")]) | runbook("ContainerMemoryExceeded"))]},
	{title: "Who suffers", height: 8, panels: [
		lines("Reclaim stalls"; "percentunit"; "Share of time that its tasks spend looking for memory."; [q(container_name; "topk(10, rate(headroom_container_reclaim_stall_seconds_total{instance=~\"$node\"}[$__rate_interval]))")]),
		lines("Waiting for memory"; "percentunit"; "PSI some: share of time in which a task waits. cgroup v2 only."; [q(container_name; "topk(10, rate(headroom_container_pressure_waiting_seconds_total{instance=~\"$node\"}[$__rate_interval]))")]),
		lines("Refaults"; "cps"; "Pages read again soon after they were dropped: the cache is too small."; [q(container_name; "topk(10, rate(headroom_container_refaults_total{instance=~\"$node\"}[$__rate_interval]))")])]},
	{title: "The guard", height: 6, panels: [
		(stat("Heartbeat"; "s"; "Its age; older than 3 s: silent."; "headroom_guard_heartbeat_age_seconds{instance=~\"$node\"}"; steps([["red", 3]])) | runbook("HeadroomGuardDown")),
		stat("Running for"; "s"; "Since its start; its board may be older."; "time() - headroom_guard_start_time_seconds{instance=~\"$node\"}"; calm),
		(stat("Mode"; "short"; "0 observe, 1 dry-run, 2 enforce."; "headroom_guard_mode{instance=~\"$node\"}"; calm) | .fieldConfig.defaults.mappings = [{type: "value", options: {"0": {text: "observe"}, "1": {text: "dry-run"}, "2": {text: "enforce"}}}]),
		lines("Its memory"; "bytes"; "Resident, board included."; [q("resident"; "headroom_guard_resident_bytes{instance=~\"$node\"}")]),
		lines("Its time"; "percentunit"; "Of one core; and of the last sweep over all cgroups."; [q("CPU"; "rate(headroom_guard_cpu_seconds_total{instance=~\"$node\"}[$__rate_interval])"), q("last sweep, seconds"; "headroom_guard_sweep_seconds{instance=~\"$node\"}")]),
		lines("Its tables"; "short"; "Full tables are told as an event; they grow in calm."; [q("containers"; "headroom_guard_containers{instance=~\"$node\"}"), q("capacity"; "headroom_guard_capacity{instance=~\"$node\"}")])]},
	{title: "Exports", height: 6, panels: [
		lines("Events delivered"; "cps"; "By sink."; [q("{{sink}}"; "rate(headroom_export_delivered_total{instance=~\"$node\"}[$__rate_interval])")]),
		(lines("Lost"; "short"; "In the kernel, before they were read, or because a sink was too slow."; [q("guard"; "increase(headroom_guard_events_lost_total{instance=~\"$node\"}[$__rate_interval])"), q("missed by {{sink}}"; "increase(headroom_export_missed_total{instance=~\"$node\"}[$__rate_interval])"), q("dropped by {{sink}}"; "increase(headroom_export_dropped_total{instance=~\"$node\"}[$__rate_interval])")]) | runbook("HeadroomEventsLost")),
		(lines("Failed tries, and what waits"; "short"; "By sink."; [q("failures of {{sink}}"; "increase(headroom_export_failures_total{instance=~\"$node\"}[$__rate_interval])"), q("waiting for {{sink}}"; "headroom_export_queued{instance=~\"$node\"}")]) | runbook("HeadroomEventsLost"))]}]);

def container: dashboard("headroom-container"; "headroom: container"; "One container: what it uses, what is left, for how long, and why"; [nodes(true),
	variable("name"; "Name"; "label_values(headroom_container_memory_usage_bytes{instance=~\"$node\"}, name)"; true),
	variable("id"; "Cgroup"; "label_values(headroom_container_memory_usage_bytes{instance=~\"$node\", name=~\"$name\"}, id)"; false)]; [
	{title: "Now", height: 4, panels: [
		(stat("Risk"; "percent"; "Of an OOM kill, or of standing still, within 15 minutes."; "headroom_container_risk{\(it)}"; risk) | runbook("ContainerMemoryRunsOut")),
		(stat("Runs out in"; "s"; "Median; nothing: none is foreseen within a day."; "headroom_container_oom_in_seconds{quantile=\"0.5\", \(it)}"; soon) | runbook("ContainerMemoryRunsOut")),
		(stat("Left"; "bytes"; "Before the first limit on the way up, the host's included."; "headroom_container_headroom_bytes{\(it)}"; calm) | runbook("ContainerMemoryExceeded")),
		(stat("Leak"; "short"; "The floor of its memory, seen over an hour."; "headroom_container_leak{\(it)}"; steps([["yellow", 1], ["red", 2]])) | .fieldConfig.defaults.mappings = [{type: "value", options: {"0": {text: "none"}, "1": {text: "suspected"}, "2": {text: "confirmed"}, "3": {text: "exhausting"}}}] | runbook("ContainerMemoryLeak")),
		(stat("OOM kills"; "short"; "Its earlier lives included."; "headroom_container_oom_kills_total{\(it)}"; any_bad) | runbook("ContainerOOMKilled")),
		stat("Restarts"; "short"; "Since it was first seen."; "headroom_container_restarts_total{\(it)}"; calm)]},
	{title: "Memory", height: 9, panels: [
		(lines("Use and limit"; "bytes"; "What can't be given back is what kills; the rest of the usage is cache."; [q("limit"; "headroom_container_memory_limit_bytes{\(it)}"), q("usage"; "headroom_container_memory_usage_bytes{\(it)}"), q("working set"; "headroom_container_memory_working_set_bytes{\(it)}"), q("can't be given back"; "headroom_container_memory_unreclaimable_bytes{\(it)}")]) | runbook("ContainerMemoryExceeded")),
		(lines("What it is"; "bytes"; "Anon is heap and stacks, shmem tmpfs and shared memory, kernel includes page tables and slab."; [q("anon"; "headroom_container_memory_anon_bytes{\(it)}"), q("page cache"; "headroom_container_memory_file_bytes{\(it)}"), q("shmem"; "headroom_container_memory_shmem_bytes{\(it)}"), q("kernel"; "headroom_container_memory_kernel_bytes{\(it)}"), q("swap"; "headroom_container_memory_swap_bytes{\(it)}")]) | stacked)]},
	{title: "What is foreseen", height: 8, panels: [
		(lines("Runs out in"; "s"; "In eight cases of ten between the outer two."; [q("p{{p}}"; "headroom_container_oom_in_seconds{\(it)}")]) | runbook("ContainerMemoryRunsOut")),
		(lines("Risk"; "percent"; "Of an OOM kill, or of standing still, within 15 minutes."; [q("risk"; "headroom_container_risk{\(it)}")]) | bounded(100) | .fieldConfig.defaults.thresholds = risk | runbook("ContainerMemoryRunsOut")),
		lines("Growth"; "binBps"; "Trend of what can't be given back."; [q("growth"; "headroom_container_memory_drift_bytes_per_second{\(it)}")]),
		(lines("Leak"; "bytes"; "An hour, where a leak is thought likely."; [q("an hour"; "headroom_container_leak_bytes_per_hour{\(it)}")]) | runbook("ContainerMemoryLeak"))]},
	{title: "How it fares", height: 7, panels: [
		lines("Resident memory of its processes"; "bytes"; "Shared pages count for each."; [q("RSS"; "headroom_container_memory_rss_bytes{\(it)}")]),
		lines("Reclaim stalls"; "percentunit"; "Share of time that its tasks spend looking for memory."; [q("stalled"; "rate(headroom_container_reclaim_stall_seconds_total{\(it)}[$__rate_interval])")]),
		lines("Pressure"; "percentunit"; "PSI; cgroup v2 only."; [q("some task waits"; "rate(headroom_container_pressure_waiting_seconds_total{\(it)}[$__rate_interval])"), q("all wait"; "rate(headroom_container_pressure_stalled_seconds_total{\(it)}[$__rate_interval])")]),
		lines("Refaults"; "cps"; "Pages read again soon after they were dropped."; [q("refaults"; "rate(headroom_container_refaults_total{\(it)}[$__rate_interval])")])]}]);

def incidents: dashboard("headroom-incidents"; "headroom: incidents"; "What was killed, what was foreseen of it, and what headroom did"; [nodes(true)]; [
	{title: "OOM kills", height: 8, panels: [
		(lines("OOM kills"; "short"; "By container, in steps of the graph."; [q(container_name; "sum by (instance, id, name, namespace, pod) (\(kills("instance=~\"$node\""; "$__rate_interval")))")]) | bars | .share = 2 | runbook("ContainerOOMKilled")),
		(table("Who was killed"; "In the time that is shown. `headroom report` on the node has the post-mortem."; [["Kills", "short", "sum by (instance, id, name, namespace, pod, container) (\(kills("instance=~\"$node\""; "$__range")))"]]) | runbook("ContainerOOMKilled"))]},
	{title: "Before", height: 8, panels: [
		(lines("Risk of who is in alarm"; "percent"; "As it rose."; [q(container_name; "headroom_container_risk{instance=~\"$node\"} and on (instance, id) headroom_container_alarm >= 1")]) | bounded(100) | .fieldConfig.defaults.thresholds = risk | runbook("ContainerMemoryRunsOut")),
		(lines("Left in who is in alarm"; "bytes"; "Before the first limit on the way up."; [q(container_name; "headroom_container_headroom_bytes{instance=~\"$node\"} and on (instance, id) headroom_container_alarm >= 1")]) | runbook("ContainerMemoryRunsOut")),
		(lines("Kills counted by the kernel"; "short"; "Of the whole host since boot; more than the containers' sum: processes outside of them."; [q("{{instance}}"; "headroom_host_oom_kills_total{instance=~\"$node\"}")]) | runbook("ContainerOOMKilled"))]},
	{title: "What headroom did", height: 8, panels: [
		(lines("Actions"; "short"; "By policy, action and result, in steps of the graph."; [q("{{policy}} {{action}} {{result}}"; "sum by (policy, action, result) \(acted("instance=~\"$node\""; "$__rate_interval"))")]) | bars | runbook("HeadroomActed")),
		(table("By policy"; "In the time that is shown."; [["Times", "short", "sum by (instance, policy, action, result) \(acted("instance=~\"$node\""; "$__range"))"]]) | runbook("HeadroomActed"))]},
	{title: "What the forecasts were worth, since each board was made", height: 6, panels: [
		stat("OOM kills with a warning"; "percentunit"; "By an alarm before."; "sum(headroom_forecast_oom_kills_total{instance=~\"$node\", warned=\"yes\"}) / sum(headroom_forecast_oom_kills_total{instance=~\"$node\"})"; calm),
		stat("Alarms that were right"; "percentunit"; "Alarm `act`, of those that can be judged."; "sum(headroom_forecast_alarms_total{instance=~\"$node\", alarm=\"act\", verdict=\"right\"}) / sum(headroom_forecast_alarms_total{instance=~\"$node\", alarm=\"act\", verdict=~\"right|wrong\"})"; calm),
		stat("Time from alarm to kill"; "s"; "Median."; "histogram_quantile(0.5, sum by (le) (headroom_forecast_lead_seconds_bucket{instance=~\"$node\"}))"; calm),
		stat("Growth within its interval"; "percentunit"; "Eight of ten should be."; "sum(headroom_forecast_intervals_covered_total{instance=~\"$node\"}) / sum(headroom_forecast_intervals_checked_total{instance=~\"$node\"})"; calm),
		lines("OOM kills, with and without a warning"; "short"; "Since the board was made."; [q("warned: {{warned}}"; "sum by (warned) (headroom_forecast_oom_kills_total{instance=~\"$node\"})")])]}]);

{fleet: fleet, node: node, container: container, incidents: incidents}
