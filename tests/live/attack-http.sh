# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Slow and odd HTTP clients of the exporter beside an honest one from the same address, which gets /healthz and /metrics within a
# second each; requests that are to be refused; the token; TLS; secrets of a sink that are in no message.
. "$(dirname "$0")/lib.sh"

need python3
need curl
seconds=${HEADROOM_ROUNDS:-2}
port=$(tests/free-ports)
tls=$((port + 1))
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$work/key" -out "$work/cert" 2>/dev/null || skip 'openssl is not here'
echo 'A-Long-Token-123' >"$work/token"
export_start() { # name, configuration, board
	printf 'export: {%s}\n' "$2" >"$work/$1.yaml"
	"$build/headroom" export --config "$work/$1.yaml" --board "${3:-$BOARD}" >"$work/$1.log" 2>&1 &
	pids="$pids $!"
}
pids=
public=
scenario_clean_up() {
	[ -z "$public" ] || rm -rf "$public"
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
}
export_start open "prometheus: {listen: \"127.0.0.1:$port\"}"
get() { curl -sS --max-time 5 -o /dev/null -w '%{http_code}' "$@" 2>/dev/null; }
is() { [ "$(get "$@" "http://127.0.0.1:$port/healthz")" = 200 ]; }
wait_for 10 is || { cat "$work/open.log" >&2 && fail 'no exporter'; }

attacked() { # port, way, path of the slow clients; bound in ms
	python3 tests/live/attack-sockets.py http "$1" "$2" "$seconds" "$3" >"$work/said" 2>"$work/errors" ||
		fail "$2: the attacker: $(cat "$work/errors")"
	read -r answered asked slowest <"$work/said"
	echo "$2 $3: answered $answered of $asked, the slowest after $slowest ms"
	[ "$answered" = "$asked" ] || { cat "$work/errors" "$work/open.log" >&2; fail "$2: answered $answered of $asked"; }
	[ "$slowest" -lt $(($4 * ${HEADROOM_SLOW:-1})) ] || fail "$2: the slowest answer took $slowest ms"
}
for way in trickle reader pipeline chunks header post connects; do attacked $port $way /metrics 1000; done

# 25 MB of text: what many slow readers ask for at once is read from the board once.
"$build/tools/make-board" --out "$work/large" --containers 5000 || fail 'no board'
large=$((port + 4))
export_start large "prometheus: {listen: \"127.0.0.1:$large\"}" "$work/large"
filled() { [ "$(get "http://127.0.0.1:$large/metrics")" = 200 ]; }
wait_for 10 filled || { cat "$work/large.log" >&2 && fail 'no exporter of many containers'; }
for way in reader pipeline; do attacked $large $way /metrics 2000; done
attacked $large reader / 2000

code() { # wanted, what, curl arguments
	wanted=$1 what=$2
	shift 2
	got=$(get "$@")
	[ "$got" = "$wanted" ] || fail "$what: $got in place of $wanted"
}
url=http://127.0.0.1:$port
code 421 'DNS rebinding' -H 'Host: evil.example' "$url/metrics"
code 421 'DNS rebinding, in the request line' --request-target http://evil.example/ "$url/"
code 200 'a probe with another name' -H 'Host: evil.example' "$url/healthz"
code 200 'localhost' "http://localhost:$port/metrics"
code 200 "this host's name" -H "Host: $(uname -n)" "$url/metrics"
code 404 'dots' --path-as-is "$url/../metrics"
code 405 'POST' -X POST "$url/metrics"
raw() { # request: what became of it
	printf '%b' "$1" | python3 -c '
import socket, sys
s = socket.socket(); s.settimeout(3); s.connect(("127.0.0.1", int(sys.argv[1]))); s.sendall(sys.stdin.buffer.read())
answer = b""
try:
    while True:
        part = s.recv(65536)
        answer += part
        if not part: break
except OSError: answer += b" (open)"
print("served" if b"HTTP/1.1 2" in answer or b"HTTP/1.0 2" in answer or b"(open)" in answer else "refused", answer[:12].decode("latin-1"))' $port
}
refused() { # what, request: no success, and the connection is closed
	answer=$(raw "$2")
	case $answer in "refused"*) ;; *) fail "$1: $answer" ;; esac
}
refused 'no host' 'GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n'
refused 'two hosts' 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
refused 'a length and chunks' 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
refused 'two lengths' 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\nGET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
refused 'a negative length' 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n'
refused 'an unknown coding' 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'
refused 'a space before the colon' 'GET /metrics HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n'
refused 'another protocol' 'GET /metrics HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n'
refused 'HTTP/0.9' 'GET /metrics\r\n\r\n'
refused 'no request' '\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xfc\\x03\\x03\r\n\r\n'

# A token, TLS, and a new certificate.
export_start closed "prometheus: {listen: \"127.0.0.1:$tls\", bearer_file: $work/token, cert_file: $work/cert, key_file: $work/key}"
closed=${pids##* }
secure() { get --cacert "$work/cert" "$@"; }
url=https://localhost:$tls
up() { [ "$(secure "$url/healthz")" = 200 ]; }
wait_for 10 up || { cat "$work/closed.log" >&2 && fail 'no exporter with TLS'; }
[ "$(secure "$url/metrics")" = 401 ] || fail 'served without a token'
[ "$(secure -H 'Authorization: Bearer A-Long-Token-124' "$url/metrics")" = 401 ] || fail 'served with another token'
[ "$(secure -H 'Authorization: Bearer A-Long-Token-123' "$url/metrics")" = 200 ] || fail 'not served with the token'
[ "$(secure --tls-max 1.1 "$url/healthz")" = 000 ] || fail 'TLS 1.1 was accepted'
[ "$(get "http://127.0.0.1:$tls/healthz")" = 000 ] || fail 'plain HTTP was accepted'
echo 'Another-Token-456' >"$work/token"
[ "$(secure -H 'Authorization: Bearer Another-Token-456' "$url/metrics")" = 200 ] || fail 'the new token is not taken'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$work/key" -out "$work/cert" 2>/dev/null
kill -HUP "$closed"
wait_for 10 up || { cat "$work/closed.log" >&2 && fail 'the new certificate is not taken'; }

# The Unix socket: a user with forty silent connections, and others that are served all the same.
public=$(mktemp -d /tmp/live.XXXXXX) && chmod 755 "$public" || fail 'no folder' # other users may not enter $work
export_start unix "socket: {path: $public/socket}"
there() { [ -S "$public/socket" ]; }
wait_for 10 there || { cat "$work/unix.log" >&2 && fail 'no socket'; }
chmod 666 "$public/socket"
timeout 60 python3 - "$public/socket" >"$work/said" 2>&1 <<'END' || fail "the Unix socket: $(cat "$work/said")"
import os, socket, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    return s
def as_user(uid, what):
    pid = os.fork()
    if not pid:
        os.setgroups([]); os.setgid(uid); os.setuid(uid)
        try:
            os._exit(what())
        except OSError as e:
            print(uid, e, flush=True)
            os._exit(9)
    return pid
ready, told = os.pipe()
def hold():
    held = [connect() for _ in range(40)]
    os.write(told, b'x')
    time.sleep(60)
def read():
    for _ in range(3):
        s = connect()
        s.settimeout(10)
        if not s.recv(10).startswith(b'{"schema"'):
            return 1
    return 0
attacker = as_user(61000, hold)
os.read(ready, 1)
status = [os.waitpid(as_user(uid, read), 0)[1] for uid in (61001, 0)]
os.kill(attacker, 9)
sys.exit(f'not served: {status}' if any(status) else 0)
END

# What a sink, its server and its configuration say of secrets.
python3 - "$((port + 2))" >"$work/echo.log" 2>&1 <<'END' &
import http.server, sys
class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length'] or 0))
        text = ('no ' + self.path + ' for ' + str(self.headers)).encode()
        self.send_response(403); self.send_header('Content-Length', str(len(text))); self.end_headers(); self.wfile.write(text)
    do_OPTIONS = do_GET = do_POST
http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Echo).serve_forever()
END
pids="$pids $!"
echo "bearerSecret77" >"$work/bearer"
for sink in webhook otlp; do
	for server in $((port + 2)) $((port + 3)); do
		printf 'export: {%s: {url: "http://userSecret11:passSecret22@127.0.0.1:%s/pathSecret33/x?key=querySecret44", headers: ["X-Api-Key: headerSecret55"], bearer_file: %s}}\n' \
			$sink "$server" "$work/bearer" >"$work/secret.yaml"
		"$build/headroom" export --check --config "$work/secret.yaml" --board "$BOARD" >"$work/said" 2>&1
		cat "$work/said"
		! grep -E 'Secret(11|22|33|44|55|77)|c2VjcmV0|dXNlclNlY3JldDEx' "$work/said" >&2 || fail "$sink shows a secret"
	done
done
for line in 'webhook: {url: "htps://u:Secret99@h"}' 'webhook: {url: "http://h", headers: ["Authorization Secret99"]}' \
	'webhook: {url: ["a://Secret99"]}' 'webhook: {url: {Secret99: 1}}' 'nats: {url: "nat://u:Secret99@h"}' 'otlp: {url: "u:Secret99@h"}' \
	'nats: {url: "nats://u:Secret99@127.0.0.1:1"}' 'webhook: {url: "http://u:Secret99@host.invalid/Secret99"}'; do
	echo "export: {$line}" >"$work/secret.yaml"
	"$build/headroom" export --check --config "$work/secret.yaml" --board "$BOARD" >"$work/said" 2>&1
	! grep Secret99 "$work/said" >&2 || fail "a message quotes the secret of $line"
done
