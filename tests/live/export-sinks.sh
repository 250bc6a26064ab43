# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# One real OOM kill goes to a file, to a real NATS server and a real MQTT broker (ended and started again in between), to a webhook
# that refuses twice, to a collector, to an API server and to a client of the Unix socket; a restarted exporter
# goes on where it was and repeats nothing.
. "$(dirname "$0")/lib.sh"

catch=tools/http-sink
for tool in nats-server mosquitto mosquitto_sub busybox openssl "$catch"; do need "$tool"; done

base=$(tests/free-ports)
nats=$base hook=$((base + 1)) otlp=$((base + 2)) kube=$((base + 3)) mqtt=$((base + 4))
BOARD=$work/own
group_make keep || fail 'cannot make a group'
daemon_start --scope "$ours" || fail 'the daemon does not start' # what others do beside is counted nowhere here
printf 'whsec_not base64!\n' >"$work/wrong"
printf 'whsec_%s\n' "$(printf 'a key of 24 bytes for us' | openssl base64 -A)" >"$work/secret" # as Standard Webhooks has it
printf 'token\n' >"$work/token"
cat >"$work/headroom.yaml" <<END
export:
  state: $work/state
  jsonl: {path: $work/events.jsonl, max_size: 8KiB, keep: 3, compress: true}
  nats: {url: "nats://127.0.0.1:$nats", subject: test, jetstream: true}
  webhook: {url: "http://127.0.0.1:$hook/hook", secret_file: $work/secret, severity: info, types: [oom_kill]}
  otlp: {url: "http://127.0.0.1:$otlp", interval: 1s, encoding: json}
  mqtt: {url: "mqtt://127.0.0.1:$mqtt", topic: test, credentials_file: $work/mqtt.user}
  kubernetes: {url: "http://127.0.0.1:$kube", node: n1, bearer_file: $work/token, ca_file: $work/token}
  socket: {path: $work/socket}
END
pids='' server='' export='' broker=''
# Its ACL allows one type: an event that the broker refuses is counted, and holds up none after it.
printf 'user:password\n' >"$work/mqtt.user"
printf 'user user\ntopic read #\ntopic write test/+/oom_kill\n' >"$work/mqtt.acl"
mkdir "$work/mqtt"
printf '%s\n' "listener $mqtt 127.0.0.1" 'allow_anonymous true' 'user root' 'log_type all' 'persistence true' \
	"persistence_location $work/mqtt/" "acl_file $work/mqtt.acl" >"$work/mqtt.conf"
scenario_clean_up() {
	for pid in $pids $server $export $broker; do kill "$pid" 2>/dev/null; done
	for pid in $pids $server $export $broker; do wait "$pid" 2>/dev/null; done
}
nats_start() {
	nats-server -a 127.0.0.1 -p $nats -js -sd "$work/jetstream" >>"$work/nats.log" 2>&1 &
	server=$!
}
mqtt_start() {
	mosquitto -c "$work/mqtt.conf" >>"$work/mqtt.log" 2>&1 &
	broker=$!
	wait_for 10 nc -z 127.0.0.1 $mqtt || { cat "$work/mqtt.log" >&2 && fail 'the MQTT broker does not start'; }
}
export_start() {
	"$build/headroom" export --config "$work/headroom.yaml" --board "$BOARD" >>"$work/export.log" 2>&1 &
	export=$!
}
"$catch" $hook "$work/hook" 204 503 429 200 & pids="$pids $!"
"$catch" $otlp "$work/otlp" & pids="$pids $!"
"$catch" $kube "$work/kube" 201 & pids="$pids $!"
for port in $hook $otlp $kube; do wait_for 10 nc -z 127.0.0.1 "$port" || fail "http-sink does not listen on $port"; done
nats_start
mqtt_start
# A session that outlives the broker: it connects again by itself.
mosquitto_sub -h 127.0.0.1 -p $mqtt -u user -P password -c -i reader -q 1 -t 'test/#' >"$work/mqtt.jsonl" 2>"$work/mqtt.sub" &
pids="$pids $!"
wait_for 10 grep -q 'SUBACK to reader' "$work/mqtt.log" || { cat "$work/mqtt.sub" "$work/mqtt.log" >&2 && fail 'mosquitto_sub does not subscribe'; }
listening() { "$build/headroom" export --config "$work/headroom.yaml" --board "$BOARD" --check >"$work/check"; }
wait_for 10 grep -q 'Server is ready' "$work/nats.log" || fail 'nats-server does not start'
listening # its stream is not there yet; the rest works
grep -q '^webhook *works' "$work/check" || { cat "$work/check" >&2 && fail '--check'; }
printf 'export: {webhook: {url: "http://127.0.0.1:%s", secret_file: %s}}\n' $hook "$work/wrong" >"$work/wrong.yaml"
"$build/headroom" export --check --config "$work/wrong.yaml" --board "$BOARD" >"$work/check" && fail 'a secret that is none'
grep -q "$work/wrong: expected base64 after whsec_" "$work/check" || { cat "$work/check" >&2 && fail '--check does not say it'; }
# A stream for what we publish, by JetStream's own API over its plain-text protocol.
stream='{"name":"TEST","subjects":["test.>"],"storage":"file"}'
nats_ask() { # subject, payload: the first answer
	# The connection stays open until the answer is there, at most 2 s.
	{ printf 'CONNECT {"verbose":false}\r\nSUB reply 1\r\nPUB %s reply %s\r\n%s\r\n' "$1" "${#2}" "$2" && sleep 2; } |
		timeout 2 busybox nc 127.0.0.1 $nats 2>/dev/null | tr -d '\r' | grep -m 1 '^{'
}
nats_ask '$JS.API.STREAM.CREATE.TEST' "$stream" | ask '.config.name == "TEST"' >/dev/null || fail 'no stream'
export_start
wait_for 10 test -S "$work/socket" || { cat "$work/export.log" >&2 && fail 'the exporter does not start'; }

kill_one() { # name
	group_make "$1" 33554432 || fail 'cannot make a group'
	in_group "$1" "$workload" burst 64MiB 0s &
	wait $! 2>/dev/null
	group_remove "$1"
}
lines() { cat "$work"/events.jsonl "$work"/events.jsonl.[0-9] 2>/dev/null; zcat "$work"/events.jsonl.*.gz 2>/dev/null; }
has_kill() { lines | ask "select(.type == \"oom_kill\" and (.cgroup | endswith(\"/$1\")))"; }
kill_one first
wait_for 10 has_kill first || { cat "$work/export.log" >&2 && fail 'no kill in the file'; }

# The webhook refused twice (503, 429) and got it at the third try, signed.
hooked() { jq -s -e '[.[] | select(.method == "POST")] | length >= 3' "$work/hook"; }
wait_for 15 hooked || { cat "$work/hook" >&2 && fail 'the webhook was not tried again'; }
jq -c 'select(.method == "POST")' "$work/hook" | sed -n 3p >"$work/third"
expect '.status == 200 and (.body | fromjson | .specversion == "1.0" and .type == "headroom.oom_kill" and .data.victim.comm == "workload")' <"$work/third"
jq -j '.headers["webhook-id"] + "." + .headers["webhook-timestamp"] + "." + .body' "$work/third" >"$work/signed"
signature=$(openssl dgst -sha256 -hmac 'a key of 24 bytes for us' -binary "$work/signed" | openssl base64 -A)
expect ".headers[\"webhook-signature\"] == \"v1,$signature\"" 'the signature' <"$work/third"

logs() { jq -c 'select(.path == "/v1/logs") | .body | fromjson' "$work/otlp" | ask '.resourceLogs[0].scopeLogs[0].logRecords[0].body.stringValue | select(test("oom_kill"))'; }
wait_for 10 logs || fail 'no log record for the collector'
figures() { jq -c 'select(.path == "/v1/metrics") | .body | fromjson' "$work/otlp" | ask '.resourceMetrics[].scopeMetrics[0].metrics[].name | select(. == "headroom.guard.memory.usage")'; }
wait_for 10 figures || fail 'no figures for the collector'
jq -c 'select(.path | startswith("/v1/")).body | fromjson' "$work/otlp" | jq -r -f tests/live/otlp.jq >"$work/odd" 2>&1
[ ! -s "$work/odd" ] || { head "$work/odd" >&2 && fail 'not what OTLP/JSON is'; }
jq -e -s '[.[] | select(.path | startswith("/v1/")) | .headers["content-type"]] | unique == ["application/json"]' "$work/otlp" >/dev/null ||
	fail 'not application/json'
condition() { ask 'select(.method == "PATCH" and .path == "/api/v1/nodes/n1/status" and .headers.authorization == "Bearer token") | .body | fromjson | .status.conditions[0].type == "MemoryForecast"' <"$work/kube"; }
wait_for 10 condition || fail 'no node condition'

in_mqtt() { ask "select(.type == \"oom_kill\" and (.cgroup | endswith(\"/$1\")))" <"$work/mqtt.jsonl"; }
wait_for 10 in_mqtt first || { cat "$work/export.log" "$work/mqtt.log" >&2 && fail 'no kill from the MQTT broker'; }
wait_for 10 grep -q 'mqtt: .*refused an event: Not authorized; an event was dropped' "$work/export.log" || fail 'what the ACL refuses is not logged'

# NATS and MQTT: gone while the second dies, then back; both are there, in the stream once each.
kill -KILL "$server" && wait "$server" 2>/dev/null
kill -TERM "$broker" && wait "$broker" 2>/dev/null # writes down its sessions
kill_one second
wait_for 10 has_kill second || fail 'no second kill in the file'
wait_for 10 grep -q "mqtt: mqtt://127.0.0.1:$mqtt: .*; trying again" "$work/export.log" || fail 'a lost MQTT broker is not logged'
nats_start
mqtt_start
stored() { nats_ask '$JS.API.STREAM.INFO.TEST' '{"subjects_filter":"test.*.oom_kill"}' | ask '.state.subjects | to_entries | map(.value) | add == 2'; }
wait_for 45 stored || { nats_ask '$JS.API.STREAM.INFO.TEST' '{"subjects_filter":">"}' >&2; cat "$work/export.log" >&2; fail 'the stream does not hold both kills'; }
wait_for 45 in_mqtt second || { cat "$work/export.log" "$work/mqtt.log" >&2; fail 'the MQTT broker has not the second kill'; }

# Restarted: what happened meanwhile comes, what was delivered does not come again.
kill -TERM "$export" && wait "$export" 2>/dev/null
kill_one third
export_start
wait_for 15 has_kill third || fail 'the kill while no exporter ran is lost'
for name in first second third; do
	[ "$(lines | jq -c "select(.type == \"oom_kill\" and (.cgroup | endswith(\"/$name\")))" | wc -l)" = 1 ] ||
		fail "the kill of $name is not there exactly once"
done
wait_for 45 eval "nats_ask '\$JS.API.STREAM.INFO.TEST' '{\"subjects_filter\":\"test.*.oom_kill\"}' | ask '.state.subjects | to_entries | map(.value) | add == 3'" ||
	fail 'the third kill is not in the stream'
