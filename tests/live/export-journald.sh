# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A real systemd-journald takes the exporter's events, fields and all, and gives them back by them; a real syslogd writes its
# sentences. Both run by hand in a mount namespace of their own: the machine's own journal and /dev/log are not touched.
. "$(dirname "$0")/lib.sh"

journald=
for path in /lib/systemd/systemd-journald /usr/lib/systemd/systemd-journald; do [ ! -x $path ] || journald=$path; done
[ -n "$journald" ] || skip 'systemd-journald is not here'
for tool in journalctl unshare busybox jq "$build/tools/make-board"; do need "$tool"; done
[ -s /etc/machine-id ] || skip 'there is no /etc/machine-id, which journald needs'
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip 'no right to a mount namespace'

# /run and /dev of its own: $work/run and $work/dev. (Not by /proc/PID/root: the exporter has fewer rights than these daemons.)
# On standard output, the pid of each daemon.
cat >"$work/daemons" <<'END'
mkdir "$2/run" && mount --bind "$2/run" /run && mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log/journal || exit
printf '[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nRateLimitIntervalSec=0\nRuntimeMaxUse=64M\n' >/run/systemd/journald.conf.d/ours.conf
"$1" 2>/dev/null &
echo journald $!
mkdir "$2/dev" && mknod "$2/dev/null" c 1 3 && mount --bind "$2/dev" /dev || exit
busybox syslogd -n -O /dev/syslog &
echo syslogd $!
wait
END
unshare -m --propagation private sh "$work/daemons" "$journald" "$work" >"$work/pids" 2>"$work/daemons.log" &
shell=$! export=
scenario_clean_up() {
	for pid in $export $(awk '{ print $2 }' "$work/pids") $shell; do kill "$pid" 2>/dev/null; done
	wait $export $shell 2>/dev/null
}
wait_for 10 grep -q syslogd "$work/pids" || { cat "$work/daemons.log" >&2 && fail 'the daemons do not start'; }
wait_for 10 test -S "$work/run/systemd/journal/socket" || skip 'systemd-journald does not run here'
wait_for 10 test -S "$work/dev/log" || fail 'syslogd does not listen'
journal() { journalctl --directory="$work/run/log/journal" --no-pager "$@"; }

"$build/tools/make-board" --out "$work/hostile" --containers 60 --hostile --seed 7 || fail 'no board'
events() { "$build/headroom" events --json --board "$work/hostile"; }
n=$(events | wc -l)
instance=$(events | head -n 1 | jq -r .instance)
printf 'journald %s 0\nsyslog %s 0\n' "$instance" "$instance" >"$work/state"
cat >"$work/headroom.yaml" <<END
export:
  state: $work/state
  journald: {socket: $work/run/systemd/journal/socket}
  syslog: {socket: $work/dev/log, severity: warning}
END
"$build/headroom" export --check --config "$work/headroom.yaml" --board "$work/hostile" >"$work/check" || fail "--check: $(cat "$work/check")"
"$build/headroom" export --config "$work/headroom.yaml" --board "$work/hostile" 2>"$work/export.log" &
export=$!
all() { [ "$(journal -o json SYSLOG_IDENTIFIER=headroom | wc -l)" = "$n" ]; }
wait_for 20 all || { cat "$work/export.log" >&2 && fail "the journal has not all $n events"; }

journal -o json SYSLOG_IDENTIFIER=headroom >"$work/journal"
events | jq -r '"\(.seq) \(.type) \(.severity)"' | sort -n >"$work/sent"
jq -r '"\(.HEADROOM_SEQ) \(.HEADROOM_TYPE) " + ({"6": "info", "4": "warning", "2": "critical"}[.PRIORITY])' "$work/journal" |
	sort -n >"$work/kept"
cmp -s "$work/sent" "$work/kept" || { diff "$work/sent" "$work/kept" | head >&2; fail 'number, type or priority got lost'; }
# The event itself is a field, whole; what is text is text, and has no control characters.
events | jq -cS . >"$work/sent"
jq -r .HEADROOM_EVENT "$work/journal" | jq -cS . | cmp -s - "$work/sent" || fail 'HEADROOM_EVENT is not the event'
jq -r '.MESSAGE, .HEADROOM_NAME // ""' "$work/journal" | LC_ALL=C grep -q '[[:cntrl:]]' && fail 'a control character in a field'
# By its fields, as a user asks for it.
kills=$(events | jq -s 'map(select(.type == "oom_kill")) | length')
[ "$kills" -gt 0 ] && [ "$(journal -o json HEADROOM_TYPE=oom_kill PRIORITY=2 | wc -l)" = "$kills" ] || fail 'not found by type and priority'
id=$(events | jq -r 'select(.container_id != null).container_id' | head -n 1)
[ "$(journal -o json CONTAINER_ID_FULL="$id" | wc -l)" = "$(events | jq -s --arg id "$id" 'map(select(.container_id == $id)) | length')" ] ||
	fail 'not found by its container'

severe=$(events | jq -s 'map(select(.severity != "info")) | length')
written() { [ "$(grep -c ' daemon\.\(warn\|crit\) headroom: ' "$work/dev/syslog")" = "$severe" ]; }
wait_for 20 written || { head -n 3 "$work/dev/syslog" >&2; fail "syslog has not the $severe events from warning on"; }
LC_ALL=C grep -q "$(printf '\033')" "$work/dev/syslog" && fail 'an escape sequence in syslog'
exit 0
