# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The clients of the socket in docs/how-to/exporting.md do what they say: each is taken from the document as it stands there, only the
# socket's path is another, and receives one real OOM kill.
. "$(dirname "$0")/lib.sh"

cc=$(command -v cc || command -v gcc) || skip 'no C compiler'
BOARD=$work/own
daemon_start || fail 'the daemon does not start'
socket=$work/socket
printf 'export: {socket: {path: %s}}\n' "$socket" >"$work/headroom.yaml"
"$build/headroom" export --config "$work/headroom.yaml" --board "$BOARD" 2>"$work/export.log" &
pids=$!
scenario_clean_up() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
}
wait_for 10 test -S "$socket" || { cat "$work/export.log" >&2 && fail 'no socket'; }

client() { # language: the first block of it below the headline
	awk -v begin="\`\`\`$1" '/^## /{ here = /a client of the socket/ } here && $0 == begin { on = 1; next } /^```$/ { on = 0 } on' docs/how-to/exporting.md |
		sed "s|/run/headroom-export/events.sock|$socket|"
}
for language in sh python c; do client $language >"$work/client.$language"; done
[ -s "$work/client.sh" ] && [ -s "$work/client.python" ] && [ -s "$work/client.c" ] || fail 'the document has no clients'
mv "$work/client.c" "$work/c.c"
"$cc" -o "$work/client" "$work/c.c" 2>"$work/cc.log" || { cat "$work/cc.log" >&2 && fail 'the C client does not compile'; }
[ ! -s "$work/cc.log" ] || { cat "$work/cc.log" >&2 && fail 'warnings'; }
"$work/client" >"$work/received.c" 2>&1 & pids="$pids $!"
asked=c
if nc -h 2>&1 | grep -q -e '-U'; then
	sh "$work/client.sh" >"$work/received.sh" 2>&1 & pids="$pids $!"
	asked="$asked sh"
else
	echo 'shell: there is no nc with -U here'
fi
if command -v python3 >/dev/null; then
	PYTHONUNBUFFERED=1 python3 "$work/client.python" >"$work/received.python" 2>&1 & pids="$pids $!"
	asked="$asked python"
else
	echo 'python: there is no python3 here'
fi
wait_for 10 grep -q '"schema": *"headroom.snapshot/2"' "$work/received.c" || fail 'no snapshot to begin with'
group_make leaky 33554432 || fail 'cannot make a group'
in_group leaky "$workload" burst 64MiB 0s &
wait $! 2>/dev/null
for language in $asked; do
	wait_for 15 grep -q 'workload' "$work/received.$language" || { head -c 2000 "$work/received.$language" >&2 && fail "$language received nothing"; }
done
# A client may be in the middle of a line.
kill_received() { grep '"type":"oom_kill"' "$work/received.c" | head -n 1 | ask '.victim.comm == "workload"'; }
wait_for 10 kill_received || { head -c 2000 "$work/received.c" >&2 && fail 'the C client has not printed the event'; }
