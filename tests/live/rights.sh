# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The rights of each process, as /proc shows them: no new privileges, no core file, not dumpable, a filter of system calls in every
# thread of daemon, resolver, exporter, recorder and readers, and no capability beyond docs/explanation/security.md. Commands of
# policies run without the daemon's filter, also those of a supervisor that was started in place of a dead one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

need setpriv
need tools/pty-screen
others=
supervisor=
scenario_clean_up() {
	# Whatever has failed: the supervisors that were started in place of others are no children of this shell.
	for line in /proc/[0-9]*/cmdline; do
		tr '\0' ' ' <"$line" 2>/dev/null | grep -q "^[^ ]*headroomd --adopt .* $BOARD " || continue
		line=${line%/cmdline}
		kill "${line#/proc/}" 2>/dev/null
	done
	for pid in $others; do kill "$pid" 2>/dev/null; done
}

for name in one two three; do group_make $name || fail 'cannot make groups'; done
mkdir -m 777 "$work/out"
cat >"$work/tell" <<'TELL'
#!/bin/sh
cat /proc/self/status >"$1.new" && mv "$1.new" "$1"
TELL
chmod 755 "$work" "$work/tell"
policy() { # name
	cat <<-POLICY
	  - name: $1
	    match: {cgroup: "$ours/$1"}
	    when: {usage: 16MiB}
	    actions: [{notify: {run: ["$work/tell", "$work/out/$1"]}}, kill]
	POLICY
}
{
	printf 'mode: enforce\ninterval: 200ms\nrun_as: root\nrate_limit: {kills: 20, per: 1m}\npolicies:\n'
	for name in one two three; do policy $name; done
} >"$work/config"
daemon_on

field() { sed -n "s/^$2:[[:space:]]*//p" "$1"; } # status file, field
within() { [ $((0x$1 & ~0x$2)) = 0 ]; }          # mask, mask of the bits that may be set
children_of() { # comm, ppid: all
	for stat in /proc/[0-9]*/stat; do
		case $(cat "$stat" 2>/dev/null) in *" ($1) "?" $2 "*) stat=${stat%/stat} && echo "${stat#/proc/}" ;; esac
	done
}
child_of() { children_of "$@" | grep -m 1 .; }
closed() { # pid, what
	status=/proc/$1/status
	[ "$(field "$status" NoNewPrivs)" = 1 ] || fail "$2: new privileges are possible"
	grep -q '^Max core file size *0 *0 ' "/proc/$1/limits" || fail "$2: a core file is possible"
	[ "$(field "$status" CapAmb)" = 0000000000000000 ] || fail "$2 has ambient capabilities"
	[ "$(field "$status" CapInh)" = 0000000000000000 ] || fail "$2 has inheritable capabilities"
	# Not dumpable: the same user without capabilities may not look into it.
	uid=$(field "$status" Uid | cut -f1)
	setpriv --reuid "$uid" --clear-groups --bounding-set=-all --inh-caps=-all cat "/proc/$1/environ" >/dev/null 2>&1 &&
		fail "$2 is dumpable"
	return 0
}
filtered() { # pid, what: every thread
	for status in "/proc/$1/task"/*/status; do
		[ "$(field "$status" Seccomp)" = 2 ] || fail "$2: a thread without a filter: $status"
	done
}
# Below those of this shell.
filters() { echo $(($(field "$1" Seccomp_filters) - $(field /proc/self/status Seccomp_filters))); }
capable() { # pid, what, mask of permitted, mask of bounding
	for status in "/proc/$1/task"/*/status; do
		within "$(field "$status" CapPrm)" "$3" || fail "$2: CapPrm $(field "$status" CapPrm), more than $3"
		within "$(field "$status" CapBnd)" "$4" || fail "$2: CapBnd $(field "$status" CapBnd), more than $4"
	done
}

of_daemon=c401a8402f
supervisor=$daemon
main=$(snapshot | ask .host.guard.pid)
spare=$(child_of headroomd-spare "$supervisor") || fail 'no spare runs'
closed "$supervisor" supervisor
closed "$spare" spare
filtered "$supervisor" supervisor
filtered "$spare" spare
closed "$main" daemon
filtered "$main" daemon
capable "$main" daemon $of_daemon $of_daemon
# Openers and parsers, each a child of another or of the supervisor.
has_filter() { [ "$(field "/proc/$1/status" Seccomp)" = 2 ]; }
resolvers='' next=$supervisor
while [ -n "$next" ]; do
	found=''
	for pid in $next; do found="$found $(children_of headroom-resolv "$pid")"; done
	# shellcheck disable=SC2086 # words
	next=$(printf "%s " $found)
	next=${next% }
	resolvers="$resolvers $next"
done
powerless=0
for pid in $resolvers; do
	wait_for 10 has_filter "$pid" || fail 'a resolver without a filter'
	closed "$pid" resolver
	filtered "$pid" resolver
	capable "$pid" resolver 4 0
	[ "$(field "/proc/$pid/status" CapPrm)" = 0000000000000000 ] && powerless=$((powerless + 1))
done
[ $powerless -ge 1 ] || fail "no parser without capabilities among$resolvers"

unfiltered() { # group: its policy's command
	workload_start "$1" leak 24M
	wait_for 10 test -e "$work/out/$1" || { events_print && fail "the command of $1 was not run"; }
	# That of the supervisor, and not the daemon's as well.
	[ "$(filters "$work/out/$1")" = 1 ] || fail "the command of $1 runs under the daemon's filter"
}
unfiltered one

respawned() { # new: the supervisor of today
	for line in /proc/[0-9]*/cmdline; do
		tr '\0' ' ' <"$line" 2>/dev/null | grep -q "^[^ ]*headroomd --adopt $main,.* $BOARD " || continue
		new=${line%/cmdline} new=${new#/proc/}
		# Its spare is a fork of it.
		[ "$new" = "$supervisor" ] || [ "$(cat "/proc/$new/comm" 2>/dev/null)" != headroomd ] || return 0
	done
	return 1
}
supervisor_kill() {
	kill -KILL "$supervisor"
	wait "$supervisor" 2>/dev/null
	wait_for 15 respawned || fail 'no new supervisor'
	[ "$(snapshot | ask .host.guard.pid)" = "$main" ] || fail 'the daemon did not outlive its supervisor'
	supervisor=$new daemon=$new # the one to be ended
	[ "$(filters "/proc/$supervisor/status")" = 1 ] || fail "the new supervisor runs under the daemon's filter"
}
supervisor_kill
closed "$supervisor" 'the new supervisor'
unfiltered two

# The spare dies: the supervisor starts another, which can do the same.
kill -KILL "$spare"
spared() { spare=$(child_of headroomd-spare "$supervisor"); }
wait_for 5 spared || fail 'no new spare'
sweeps 6
supervisor_kill
unfiltered three
snapshot | ask '[.host.guard.degraded[].what] - (["seccomp", "supervisor", "capabilities"]) == [.host.guard.degraded[].what]' ||
	fail "degraded: $(snapshot | jq -c .host.guard.degraded)"

# Exporter, recorder, readers.
cat >"$work/export.yaml" <<-EXPORT
	export:
	  jsonl: {path: "$work/events.jsonl"}
	  socket: {path: "$work/socket"}
EXPORT
"$build/headroom" export --config "$work/export.yaml" --board "$BOARD" >"$work/exporter.log" 2>&1 &
exporter=$!
HEADROOM_HISTORY=$work/h.db "$build/headroom" recorder --board "$BOARD" >"$work/recorder.log" 2>&1 &
recorder=$!
"$build/headroom" events --follow --board "$BOARD" >"$work/follower.log" 2>&1 </dev/null &
follower=$!
"$build/headroom" record "$work/recording" --board "$BOARD" >"$work/writer.log" 2>&1 &
writer=$!
others="$exporter $recorder $follower $writer"
for what in exporter recorder follower writer; do
	eval "pid=\$$what"
	wait_for 10 has_filter "$pid" || fail "$what: no filter: $(cat "$work/$what.log")"
	closed "$pid" $what
	filtered "$pid" $what
done
capable "$exporter" exporter 40f 0
capable "$recorder" recorder f 0
capable "$writer" record f 0
capable "$follower" 'events --follow' 4 0
for what in exporter recorder follower; do
	eval "pid=\$$what"
	field "/proc/$pid/status" Uid | grep -qw 0 && fail "$what runs as root"
done
# The monitor stays root, since the daemon asks which user requests an action.
TERM=xterm tools/pty-screen 80x24 --keys 'wait:shown-never' "$build/headroom" top --board "$BOARD" >/dev/null 2>&1 &
pty=$!
others="$others $pty"
monitors() { top=$(child_of headroom $pty) && has_filter "$top"; }
wait_for 10 monitors || fail 'top: no filter'
closed "$top" top
capable "$top" top 2f 0
kill -HUP "$supervisor" # an event
wait_for 10 test -s "$work/events.jsonl" || fail "the exporter writes nothing: $(cat "$work/exporter.log")"
[ "$(stat -c %u "$work/events.jsonl")" = 0 ] || fail "the exporter's file is of a user that may be another one at its next start"
wait_for 10 test -S "$work/socket" || fail 'the exporter has no socket'
wait_for 10 test -s "$work/recording" || fail 'nothing is recorded'
# shellcheck disable=SC2086 # a list
kill $others
wait "$exporter" || fail "the exporter ended with $?: $(cat "$work/exporter.log")"
wait "$recorder" || fail "the recorder ended with $?: $(cat "$work/recorder.log")"
wait "$follower" "$writer" "$pty"
others=
! grep 'more rights' "$work"/*.log >&2 || fail 'more rights than needed'
