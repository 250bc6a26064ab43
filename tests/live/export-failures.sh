# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Failure modes of the exporter, on made-up boards and against consumers that misbehave: ports and sockets taken, a stale socket,
# certificates that expired or that no authority has signed, a consumer that accepts and never reads, a disk that is full, ten
# thousand containers, a restart that comes too late, another daemon's board. Each gives one line; what is lost is counted;
# nothing waits for it. No daemon is needed.
. "$(dirname "$0")/lib.sh"

catch=tools/http-sink
for tool in "$catch" "$build/tools/make-board" curl openssl promtool; do need "$tool"; done
base=$(tests/free-ports)
pids='' small=
scenario_clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
	[ -z "$small" ] || umount "$small" 2>/dev/null
}
board() { "$build/tools/make-board" --out "$work/$1" --containers "$2" --seed "${3:-1}" || fail 'no board'; }
export_start() { # name, board; the configuration of its sinks on stdin
	{ echo 'export:' && cat; } >"$work/$1.yaml"
	"$build/headroom" export --config "$work/$1.yaml" --board "$work/$2" 2>>"$work/$1.log" &
	pid=$!
	pids="$pids $pid"
}
export_end() { # pid [signal]: TERM is an orderly end
	kill "-${2:-TERM}" "$1"
	wait "$1" 2>/dev/null
	ended=$?
	[ "${2:-TERM}" = KILL ] || [ $ended = 0 ] || { cat "$work"/*.log >&2 && fail "an exporter ended with $ended"; }
}
says() { grep -q "$2" "$work/$1.log"; }
wait_says() { wait_for 10 says "$1" "$2" || { cat "$work/$1.log" >&2 && fail "$1 does not say '$2'"; }; }
metric() { curl -fsS --max-time 5 "http://127.0.0.1:$1/metrics" | awk -v name="$2" '$1 == name { print $2 }'; }
is() { [ "$(metric "$1" "$2")" = "$3" ]; }
seqs() { # of the events in a file
	jq -r '"\(.instance) \(.seq)"' "$1"
}
board b200 200
board b2000 2000
instance() { face2 "$1" | jq -r .instance | head -n 1; }
face2() { "$build/headroom" events --json --board "$work/$1"; }

# ---- port and socket are taken; then its socket is stale
export_start first b200 <<END
  prometheus: {listen: "127.0.0.1:$base"}
  socket: {path: $work/socket}
END
first=$pid
wait_for 10 test -S "$work/socket" || fail 'no socket'
wait_for 10 is $base headroom_guard_up 1 || fail 'no figures'
: >"$work/precious"
export_start second b200 <<END
  prometheus: {listen: "127.0.0.1:$base"}
  socket: {path: $work/socket}
  jsonl: {path: $work/second.jsonl}
END
second=$pid
wait_says second "prometheus: can't listen on 127.0.0.1:$base: Address already in use; trying again"
wait_says second "socket: $work/socket: another program listens there"
# Beside a running exporter, as in the exporter's own pod, its port and socket work; another program's port does not.
"$build/headroom" export --check --config "$work/first.yaml" --board "$work/b200" >"$work/check" ||
	{ cat "$work/check" >&2 && fail '--check beside the exporter itself'; }
[ "$(grep -c 'works: headroom-export runs' "$work/check")" = 2 ] || { cat "$work/check" >&2 && fail 'it does not say that it runs'; }
"$catch" $((base + 3)) "$work/other" 404 & other=$!
wait_for 10 nc -z 127.0.0.1 $((base + 3)) || fail 'http-sink does not listen'
sed "s/:$base\"/:$((base + 3))\"/; /socket:/d" "$work/first.yaml" >"$work/taken.yaml"
"$build/headroom" export --check --config "$work/taken.yaml" --board "$work/b200" >"$work/check" && fail 'another program has the port'
grep -q 'use another port or path' "$work/check" || { cat "$work/check" >&2 && fail '--check does not say what to do'; }
kill $other
export_end "$first" KILL
wait_says second 'prometheus: works again'
wait_says second 'socket: works again'
export_end "$second"
printf 'export: {socket: {path: %s}}\n' "$work/precious" >"$work/precious.yaml"
"$build/headroom" export --check --config "$work/precious.yaml" >"$work/check" && fail 'a file is no socket'
grep -q 'not a socket: remove it' "$work/check" && [ -f "$work/precious" ] || fail "a regular file was taken for a stale socket"

# ---- certificates
(
	cd "$work" || exit
	key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
	# shellcheck disable=SC2086 # words
	openssl req -x509 $key -subj /CN=ours -days 2 -keyout ca.key -out ca.pem &&
		openssl req $key -subj /CN=127.0.0.1 -keyout key -out request &&
		printf 'subjectAltName=IP:127.0.0.1\n' >names &&
		for days in 2 -1; do
			openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -extfile names -out cert &&
				cat cert key >"tls$days.pem" || exit
		done
) >"$work/openssl.log" 2>&1 || { cat "$work/openssl.log" >&2 && fail 'no certificates'; }
"$catch" --tls "$work/tls2.pem" $((base + 1)) "$work/good" & pids="$pids $!"
"$catch" --tls "$work/tls-1.pem" $((base + 2)) "$work/expired" & pids="$pids $!"
for sink in "webhook: {url: \"https://127.0.0.1:PORT\"" "otlp: {url: \"https://127.0.0.1:PORT\"" \
	"kubernetes: {node: n, bearer_file: $work/names, url: \"https://127.0.0.1:PORT\""; do
	for day in "2 ca.pem has expired" "1 ca.pem works" "1 openssl.log ertificate"; do
		set -- $day
		printf 'export:\n  %s, ca_file: %s}\n' "$(printf '%s' "$sink" | sed "s/PORT/$((base + $1))/")" "$work/$2" >"$work/tls.yaml"
		tried() { "$build/headroom" export --check --config "$work/tls.yaml" >"$work/check"; grep -q "$3" "$work/check"; }
		wait_for 10 tried "$@" || { cat "$work/check" >&2 && fail "${sink%%:*}: '$3' is not said of ${1}"; }
	done
done

# ---- credentials for a Prometheus come from a file, and are never shown
"$catch" --answers tests/fixtures/fleet $((base + 4)) "$work/asked" & pids="$pids $!"
asks() { # credentials, header that is to come of them
	printf '%s\n' "$1" >"$work/credentials"
	: >"$work/asked"
	"$build/headroom" ls --prometheus "http://127.0.0.1:$((base + 4))" --credentials "$work/credentials" >"$work/fleet" 2>&1 &&
		jq -e -s --arg is "$2" 'length > 20 and all(.[]; .headers.authorization == $is and .path == "/api/v1/query" and .method == "GET")' "$work/asked"
}
wait_for 10 asks 'a-token' 'Bearer a-token' || { cat "$work/fleet" >&2 && fail 'no token'; }
wait_for 10 asks 'someone:secret' "Basic $(printf someone:secret | openssl base64)" || fail 'no password'
grep -q secret "$work/fleet" && fail 'the password is shown'

# ---- one that accepts and never reads: what its queue can't hold is counted, the others have all
"$catch" --mute $((base + 3)) & pids="$pids $!"
wait_for 10 nc -z 127.0.0.1 $((base + 3)) || fail 'http-sink does not listen'
n=$(face2 b200 | wc -l)
printf 'webhook %s 0\njsonl %s 0\n' "$(instance b200)" "$(instance b200)" >"$work/mute.state"
export_start mute b200 <<END
  state: $work/mute.state
  prometheus: {listen: "127.0.0.1:$base"}
  webhook: {url: "http://127.0.0.1:$((base + 3))/", timeout: 300ms, queue: 4, severity: info}
  jsonl: {path: $work/mute.jsonl}
END
wait_for 10 is $base 'headroom_export_dropped_total{sink="webhook"}' $((n - 4)) || fail 'what the queue could not hold is not counted'
is $base 'headroom_export_delivered_total{sink="jsonl"}' "$n" || fail 'the others wait'
wait_says mute "webhook: http://127.0.0.1:$((base + 3))/: .*timed out.*; trying again"
export_end "$pid"
wait_says mute 'webhook: 4 events were not delivered: they are sent after the next start'
[ "$(seqs "$work/mute.jsonl" | sort -u | wc -l)" = "$n" ] || fail 'jsonl has not all'

# ---- started again too late: it says what it missed; then another daemon's board comes under it
first_seq=$(face2 b2000 | head -n 1 | jq .seq)
[ "$first_seq" -gt 10 ] || fail 'the board still has all events'
missed=$(($(face2 b2000 | tail -n 1 | jq .seq) - 5 - $(face2 b2000 | wc -l))) # its two rings begin at different numbers
printf 'jsonl %s 5\n' "$(instance b2000)" >"$work/late.state"
"$build/tools/make-board" --out "$work/moving" --containers 2000 --dead # a reader looks for another board when this one is silent
export_start late moving <<END
  state: $work/late.state
  prometheus: {listen: "127.0.0.1:$base"}
  jsonl: {path: $work/late.jsonl}
END
wait_says late "$missed events were missed"
wait_for 10 is $base 'headroom_export_missed_total{sink="jsonl"}' $missed || fail 'what was missed is not counted'
board other 200 2
mv "$work/other" "$work/moving"
other() { [ "$(grep -c "$(instance moving)" "$work/late.jsonl")" = "$(face2 moving | wc -l)" ]; }
wait_for 10 other || { cat "$work/late.log" >&2 && fail "not all events of the other daemon's board"; }
says late 'new board: reading its events' || fail 'no message about the new board'
export_end "$pid"
[ "$(seqs "$work/late.jsonl" | sort | uniq -d | wc -l)" = 0 ] || fail 'something was repeated'

# ---- the disk is full; then it is not
small=$work/small
mkdir "$small"
if mount -t tmpfs -o size=64k none "$small" 2>/dev/null; then
	printf 'jsonl %s %s\n' "$(instance b2000)" $((first_seq - 1)) >"$work/full.state"
	export_start full b2000 <<END
  state: $work/full.state
  jsonl: {path: $small/events.jsonl}
END
	wait_says full 'No space left on device; trying again'
	[ "$(tail -c 1 "$small/events.jsonl" | od -An -c | tr -d ' ')" = '\n' ] || fail 'half a line stands at the end'
	mount -o remount,size=8m "$small" || fail 'no more room'
	all() { [ "$(wc -l <"$small/events.jsonl")" = "$(face2 b2000 | wc -l)" ]; }
	wait_for 20 all || fail 'not all events came once there was room'
	face2 b2000 | cmp -s - "$small/events.jsonl" || fail 'out of order, or one is missing'
	wait_says full 'jsonl: works again'
	export_end "$pid"
else
	small=
	echo 'a full disk was not tried: no right to mount'
fi

# ---- ten thousand containers, all of them and a hundred of them
board b10000 10000
export_start many b10000 <<END
  prometheus: {listen: "127.0.0.1:$base"}
END
wait_for 10 is $base headroom_guard_up 1 || fail 'no figures of 10,000'
curl -fsS "http://127.0.0.1:$base/metrics" >"$work/metrics"
running=$(grep -c '^headroom_container_memory_usage_bytes{' "$work/metrics")
[ "$running" -gt 9000 ] || fail "$running of 10,000 containers are exported"
head -n 30000 "$work/metrics" | promtool check metrics >/dev/null || fail 'promtool'
export_end "$pid"
export_start few b10000 <<END
  prometheus: {listen: "127.0.0.1:$base", max_containers: 100}
END
wait_for 10 is $base headroom_guard_up 1 || fail 'no figures'
[ "$(curl -fsS "http://127.0.0.1:$base/metrics" | grep -c '^headroom_container_memory_usage_bytes{')" -le 100 ] || fail 'more than 100'
[ "$(metric $base headroom_export_containers_left_out)" -ge $((running - 100)) ] || fail 'no count of those left out'
