# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the incidents share, on top of what the live scenarios share: a host with services on it, a guardian (the program that
# frees memory: headroom, earlyoom, oomd, …), a stop-watch, and the row of figures at the end. An incident sources it first, and
# kills only processes that it has started.

# shellcheck source=tests/live/lib.sh
. tests/live/lib.sh

scenarios=tests/scenarios
incident=$(basename "$0" .sh)
policy=$scenarios/$incident.yaml
in_vm=${HEADROOM_VM:-}
disk=/disk # of tools/vm --disk; tmpfs does where there is none
[ -d $disk ] || disk=$work
program=$workload
text=
if [ -x $disk/workload ]; then program=$disk/workload text=$disk/text; fi # what is on a disk can be evicted, as on a real host
# In a guest the whole host is ours, and units stand where systemd puts them.
[ -z "$in_vm" ] || ours=
slice=/system.slice

# shellcheck source=tests/scenarios/competitors/headroom.sh
. "$scenarios/competitors/$GUARDIAN.sh"

is_headroom() { [ "$GUARDIAN" = headroom ]; }

# ---- the row

row="row: incident=$incident guardian=$GUARDIAN kernel=$(uname -r | cut -d - -f 1)"
note() { row="$row $1=$2"; } # key, value without blanks

# What headroom promises; the others are measured only. The row is printed in any case.
promise() { # what, then a command that must succeed
	what=$1
	shift
	is_headroom || return 0
	"$@" && return 0
	printf 'FAIL: %s\n' "$what" >&2
	: >"$work/failed"
}

vmstat() { sed -n "s/^$1 //p" /proc/vmstat; }

# group: processes of it that the kernel's OOM killer has taken; v2, or v1
kernel_kills_of() {
	cat "$(group_dir "$1")/memory.events" "$(group_dir "$1")/memory.oom_control" 2>/dev/null |
		awk '$1 == "oom_kill" { n += $2 } END { print n + 0 }'
}

# ---- services: a name, and the arguments of its workload; each in a unit of its own

pids= # name=pid …

# Start it in the background directly: $! is then the pid of the workload.
in_unit() { # unit, workload's arguments…
	unit_dir=$(group_dir "${slice#/}/$1")
	shift
	exec setsid "$program" --oom-score-adj 0 --cgroup "$unit_dir" "$@"
}

service_start() { # unit, workload's arguments…
	service=$1
	shift
	group_make "${slice#/}/$service" || skip "no cgroup can be made here"
	in_unit "$service" "$@" >"$work/$service.out" 2>&1 &
	pids="$pids $service=$!"
	wait_for 10 grep -q ready "$work/$service.out" || fail "$service is not ready: $(cat "$work/$service.out")"
}

pid_of() { printf '%s' "$pids" | tr ' ' '\n' | sed -n "s/^$1=//p" | tail -n 1; }

alive() { # unit: not dead, and no zombie
	[ -d "/proc/$(pid_of "$1")" ] && ! grep -q '^State:.Z' "/proc/$(pid_of "$1")/status" 2>/dev/null
}

# The services that must survive: an ssh-like server that beats, a database of 90 MB that does, too, and a journal.
bystanders='ssh.service postgresql.service systemd-journald.service'

host_start() {
	service_start systemd-journald.service --name systemd-journal journal "$disk/journal"
	service_start ssh.service --name sshd beat "$work/ssh.beat" 2MiB ${text:+"$text"}
	service_start postgresql.service --name postgres beat "$work/db.beat" "${DATABASE:-90MiB}" ${text:+"$text"}
	sleep 2
	kill -USR1 "$(pid_of ssh.service)" "$(pid_of postgresql.service)" # what came before does not count
	kills_before=$(vmstat oom_kill)
}

# name: the longest pause of that server's beat, in ms, or "died"
pause_of() {
	alive "$1" || { echo died; return; }
	sed -n 's/.*longest_ms \([0-9]*\).*/\1/p' "$2"
}

host_row() {
	wrong=0 names=
	for service in $bystanders; do
		alive "$service" || { wrong=$((wrong + 1)) names=$names,${service%.service}; }
	done
	kills=$(($(vmstat oom_kill) - kills_before))
	note wrong_victims $wrong
	note wrong_names "${names#,}"
	case $bystanders in *ssh*)
		pause=$(pause_of ssh.service "$work/ssh.beat")
		note pause_ssh_ms "$pause"
		note pause_db_ms "$(pause_of postgresql.service "$work/db.beat")"
		;;
	esac
	note kernel_oom_kills $kills
}

# ---- the guardian: in a cgroup of its own, so that all of its processes are counted

guardian_group=guardian.slice/$GUARDIAN.service

in_guardian_group() {
	group_make "$guardian_group" || return
	# what the units of those that have one ask for
	[ $v = 1 ] || { echo 64M >"$mount$ours/guardian.slice/memory.low"; echo 64M >"$mount$ours/$guardian_group/memory.low"; }
	( # keeps the oom_score_adj of this shell, so that the kernel spares guardians
		echo 0 >"$mount$ours/$guardian_group/cgroup.procs" || exit 126
		exec "$@"
	)
}

# In the tree that tools/fetch_competitors made, with this host's kernel interfaces.
peer_tree() {
	[ -x /disk/usr/bin/earlyoom ] || skip "no tree of peers here (tools/bench-actions has one)"
	for fs in proc sys dev run tmp; do
		mkdir -p /disk/$fs
		grep -q " /disk/$fs " /proc/mounts || mount -o rbind /$fs /disk/$fs
	done
}

peer() { peer_tree && in_guardian_group chroot /disk "$@"; }

guardian_begin() {
	group_make "$guardian_group" # here, not in the background, so that it is removed
	guardian_start
	wait_for 60 guardian_ready || { cat "$work/guardian.log" >&2; fail "$GUARDIAN is not ready"; }
	sleep 3 # its start is a figure of its own
	case $bystanders in *ssh*)
		note start_pause_ms "$(pause_of ssh.service "$work/ssh.beat")"
		kill -USR1 "$(pid_of ssh.service)" "$(pid_of postgresql.service)"
		;;
	esac
	guardian_cpu_before=$(guardian_cpu_us)
	guardian_since=$(now)
}

guardian_pids() { cat "$mount$ours/$guardian_group/cgroup.procs" 2>/dev/null; }

guardian_cpu_us() {
	for guardian_pid in $(guardian_pids); do cat "/proc/$guardian_pid/stat" 2>/dev/null; done |
		sed 's/.*) //' | awk '{ ticks += $12 + $13 } END { print ticks * 10000 }'
}

guardian_row() {
	note guardian_kib "$(for guardian_pid in $(guardian_pids); do cat "/proc/$guardian_pid/smaps_rollup" 2>/dev/null; done |
		awk '/^Pss:/ { kib += $2 } END { print kib + 0 }')"
	guardian_cpu=$((($(guardian_cpu_us) - guardian_cpu_before) / 1000))
	note guardian_cpu_ms $guardian_cpu # the incidents take not equally long under all of them
	note guardian_cpu_ms_per_s $((guardian_cpu * 100 / ($(now) - guardian_since + 1)))
}

incident_end() {
	guardian_row
	echo "$row"
	[ -n "${HEADROOM_VERBOSE:-}" ] || return 0
	sed 's/^/      /' "$work/guardian.log"
	! is_headroom || cli events
}

scenario_clean_up() {
	# Asked first: of headroom's processes each starts the other anew, and one that is left would go on with its policies.
	for signal in TERM KILL KILL KILL; do
		guardian_stop_all=$(guardian_pids)
		[ -n "$guardian_stop_all" ] || break
		# shellcheck disable=SC2086 # a list
		kill -$signal $guardian_stop_all 2>/dev/null
		guardian_gone() { [ -z "$(guardian_pids)" ]; }
		wait_for 1 guardian_gone
	done
	for entry in $pids; do kill -9 "${entry#*=}" 2>/dev/null; done
	wait
}

# ---- the stop-watch

watch_start() { # crossing's arguments
	"$build/tools/threshold_timer" "$@" >"$work/crossings" 2>&1 &
	pids="$pids watch=$!"
}
crossings() { wc -l <"$work/crossings"; }
crossing_ms() { awk '{ print $3 }' "$work/crossings" | paste -s -d , -; }

# ---- what headroom did: only where it is the guardian

events_begin() { ! is_headroom || events=$(mark); }
# a jq condition on an event since events_begin, within so many seconds; prints the first
event_comes() { # seconds, condition
	wait_for "$1" event_after "$events" "$2" && event_after "$events" "$2"
}
action() { printf '.type == "action" and .action == "%s"' "$1"; } # action → condition
ended_count() { # how many actions ended a process
	cli events --json --type action | jq -s "map(select(.seq > $events and (.action | IN(\"term\", \"kill\", \"reflex\")) and .result.ok)) | length"
}

# ---- a supervisor, as systemd and Docker have them: starts a workload in a fresh cgroup, writes down how it ended, and starts it
# again; under on-failure only where it did not end with 0, unless $work/start asks for it

supervise() { # always|on-failure, unit, workload's arguments…
	restart=$1 service=$2
	shift 2
	while :; do
		group_make "${slice#/}/$service" "${LIMIT:-}" || exit 1
		echo "started $(now)" >>"$work/starts"
		in_unit "$service" "$@" >/dev/null 2>&1 &
		echo $! >"$work/supervised"
		wait $!
		echo "ended $? $(now)" >>"$work/starts"
		if [ "$restart" = on-failure ] && tail -n 1 "$work/starts" | grep -q '^ended 0'; then
			while [ ! -e "$work/start" ]; do sleep 0.1; done
			rm "$work/start"
		fi
		until rmdir "$(group_dir "${slice#/}/$service")" 2>/dev/null; do sleep 0.1; done
	done
}

starts() { grep -c started "$work/starts"; }
