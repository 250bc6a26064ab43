# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What is wrong with a dashboard, one line each: what Grafana would show wrongly, or not at all. Wants $uids (of all
# dashboards), $anchors (of the runbook) and $units (that Grafana knows).
def twice: group_by(.) | map(select(length > 1) | .[0])[];
def overlap($a; $b): $a.x < $b.x + $b.w and $b.x < $a.x + $a.w and $a.y < $b.y + $b.h and $b.y < $a.y + $a.h;
def variables: [scan("\\$\\{?([a-z_]+)") | .[0]] | unique - ["__range", "__rate_interval", "__data", "__all"];
. as $d
| ([.panels[].id] | twice | "two panels \(.)"),
([.templating.list[].name] | twice | "two variables \(.)"),
(.schemaVersion | select(. < 36) | "schemaVersion \(.)"),
([.panels[] | {id, at: .gridPos}] as $p | range($p | length) as $i | range($i + 1; $p | length) as $j
	| select(overlap($p[$i].at; $p[$j].at)) | "panels \($p[$i].id) and \($p[$j].id) overlap"),
(.panels[] | "\(.id) \(.title)" as $at
	| (.gridPos | select(.x < 0 or .w < 3 or .x + .w > 24 or .h < 1) | "\($at): does not fit into 24 columns"),
	(.title | select(length == 0) | "\($at): no title"),
	(select(.type != "row")
		| (if .description | length > 0 then empty else "\($at): no description" end),
		(if .fieldConfig.defaults.unit | IN($units[]) then empty else "\($at): unit \(.fieldConfig.defaults.unit)" end),
		(.fieldConfig.overrides[].properties[] | select(.id == "unit" and (.value | IN($units[]) | not)) | "\($at): unit \(.value)"),
		(if .fieldConfig.defaults.thresholds.steps[0] | has("value") and .value == null then empty else "\($at): thresholds begin nowhere" end),
		(.fieldConfig.defaults.thresholds.steps[1:] | map(.value) | select(. != sort) | "\($at): thresholds do not rise"),
		(if .targets | length > 0 then empty else "\($at): asks nothing" end),
		([.targets[].refId] | twice | "\($at): two queries \(.)"),
		(.targets[] | select(.datasource.uid != "${datasource}" or .datasource.type != "prometheus") | "\($at): \(.refId) has another data source"),
		(.targets[] | select(.expr | length == 0) | "\($at): \(.refId) asks nothing"),
		(.type as $type | .targets[] | select($type == "timeseries" and .legendFormat == "") | "\($at): \(.refId) has no legend"),
		(.links[] | .url | capture("#(?<a>.*)$") | .a | select(IN($anchors[]) | not) | "\($at): the runbook has no \(.)"),
		([.. | .url? // empty | scan("/d/([a-z-]+)") | .[0]] | .[] | select(IN($uids[]) | not) | "\($at): no dashboard \(.)"),
		([.. | strings] | map(variables[]) | unique[] | select(IN($d.templating.list[].name) | not) | "\($at): no variable \(.)"))),
(.templating.list[] | select(.type == "query") | [.query.query | variables[]] | .[] | select(IN($d.templating.list[].name) | not) | "no variable \(.)")
