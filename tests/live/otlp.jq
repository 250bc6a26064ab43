# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Holds one OTLP/JSON document (ExportMetricsServiceRequest or ExportLogsServiceRequest) strictly against the protocol's messages
# (opentelemetry-proto 1.x, trace/metrics/logs .proto, and the JSON encoding of the OTLP specification): known fields only, in
# lowerCamelCase; 64-bit integers as decimal strings, enums as integers. Prints each thing that is wrong; nothing is right.
def wrong($at; $what): "\($at): \($what)";
def fields($at; $known): (keys_unsorted - $known)[] | wrong($at; "unknown field \(.)");
def is($at; $kind): if type == $kind then empty else wrong($at; "\(type) instead of \($kind)") end;
def uint64($at): if type == "string" and test("^[0-9]{1,20}$") then empty else wrong($at; "no 64-bit integer as a string: \(.)") end;
def text($at): is($at; "string");
def any_value($at):
  (keys_unsorted - ["stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"])[] |
    wrong($at; "unknown kind of value \(.)"),
  if length == 1 then empty else wrong($at; "not exactly one value") end,
  (.stringValue // "" | text($at)), (.intValue // "0" | uint64($at));
def attributes($at):
  is($at; "array"), (group_by(.key)[] | select(length > 1) | wrong($at; "\(.[0].key) twice")),
  (.[] | fields($at; ["key", "value"]), (.key | text("\($at).key")),
    if .key == "" then wrong($at; "an empty key") else empty end, (.value | any_value("\($at).\(.key // "")")));
def resource: fields("resource"; ["attributes", "droppedAttributesCount"]), (.attributes // [] | attributes("resource")),
  if any(.attributes[]; .key == "service.name") then empty else wrong("resource"; "no service.name") end;
def scope: fields("scope"; ["name", "version", "attributes", "droppedAttributesCount"]), (.name | text("scope.name")),
  (.version | text("scope.version"));
def point($at):
  fields($at; ["attributes", "startTimeUnixNano", "timeUnixNano", "asDouble", "asInt", "exemplars", "flags"]),
  (.timeUnixNano | uint64("\($at).timeUnixNano")), (.startTimeUnixNano // "0" | uint64("\($at).startTimeUnixNano")),
  if (has("asDouble") != has("asInt")) then empty else wrong($at; "not exactly one of asDouble and asInt") end,
  if has("asDouble") then (.asDouble | is("\($at).asDouble"; "number")) else (.asInt // "0" | uint64("\($at).asInt")) end,
  if (.startTimeUnixNano // "0" | tonumber) > (.timeUnixNano | tonumber) then wrong($at; "ends before it begins") else empty end,
  (.attributes // [] | attributes($at));
def metric:
  .name as $at | fields($at; ["name", "description", "unit", "metadata", "gauge", "sum"]), (.name | text("name")),
  (.unit // "" | text("\($at).unit")),
  if (.name | test("^[A-Za-z][A-Za-z0-9_./-]{0,254}$")) then empty else wrong($at; "no name for an instrument") end,
  if has("gauge") != has("sum") then empty else wrong($at; "not exactly one of gauge and sum") end,
  (.gauge // empty | fields($at; ["dataPoints"])),
  (.sum // empty | fields($at; ["dataPoints", "aggregationTemporality", "isMonotonic"]),
    if .aggregationTemporality == 2 then empty else wrong($at; "aggregationTemporality \(.aggregationTemporality)") end,
    (.isMonotonic | is("\($at).isMonotonic"; "boolean")),
    (.dataPoints[] | if has("startTimeUnixNano") then empty else wrong($at; "a sum without its start") end)),
  ((.gauge // .sum).dataPoints | if length > 0 then .[] | point($at) else wrong($at; "no points") end);
def log_record:
  fields("log"; ["timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body", "attributes",
    "droppedAttributesCount", "flags", "traceId", "spanId", "eventName"]),
  (.timeUnixNano | uint64("timeUnixNano")), (.observedTimeUnixNano | uint64("observedTimeUnixNano")),
  if (.severityNumber | type == "number" and . >= 1 and . <= 24 and . == floor) then empty
    else wrong("log"; "severityNumber \(.severityNumber)") end,
  (.severityText | text("severityText")), (.body | any_value("body")), (.attributes // [] | attributes("log"));
def request($list; $scopes; $items; one):
  fields("request"; [$list]), (.[$list] | is($list; "array")),
  (.[$list][] | fields($list; ["resource", $scopes, "schemaUrl"]), (.resource | resource),
    (.[$scopes][] | fields($scopes; ["scope", $items, "schemaUrl"]), (.scope | scope), (.[$items][] | one)));
if has("resourceMetrics") then request("resourceMetrics"; "scopeMetrics"; "metrics"; metric)
else request("resourceLogs"; "scopeLogs"; "logRecords"; log_record) end
