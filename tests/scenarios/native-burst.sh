# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# On this machine, not in a guest: a process takes 600 of the 640 MiB that its group may have, at full speed, and stays; the
# guardian has to end it from 512 MiB on. In turn: headroom by tripwire and kill, by its reflex, earlyoom, nohang, and "hand": the
# same process ended by SIGKILL and process_mrelease when it has everything, which is the kernel's part alone.
#
# earlyoom and nohang know only /proc. So each has a pid and a mount namespace of its own, with itself and the process to be ended only, and
# with a /proc/meminfo of the group (tools/as-host.c). They are never started anywhere else: see
# peer_alone. The kernel records the time of the signal (a trace instance of our own).
unshare --mount true 2>/dev/null || { echo 'skip: no mount namespace can be made here (root?)'; exit 77; }
[ -n "${HEADROOM_NATIVE:-}" ] || exec env HEADROOM_NATIVE=1 unshare --mount sh "$0" "$@" # mounts vanish with us
. tests/scenarios/lib.sh
[ -z "$in_vm" ] || skip 'this compares without emulation'
need nsenter
rounds=${HEADROOM_ROUNDS:-10}
limit=640 over=512
turns=${HEADROOM_TURNS:-"kill reflex earlyoom nohang hand"}
tree=$(tools/fetch_competitors --dir)
[ -x "$tree/usr/bin/earlyoom" ] || turns=$(printf '%s' "$turns" | sed 's/earlyoom//; s/nohang//')
program=$(readlink -f "$workload") enforce_try=$(readlink -f "$build/tools/enforce-try")
name=nb$$ # the name of the workload in ps, which no other process has
tracing=/sys/kernel/tracing # never below $work, which is removed with all that is in it
trace=$tracing/instances/headroom-$$

trace_begin() {
	[ -d $tracing/instances ] || mount -t tracefs none $tracing || return
	mkdir "$trace" || return
	echo mono >"$trace/trace_clock"
	echo "(sig==9||sig==15)&&comm==\"$name\"" >"$trace/events/signal/signal_generate/filter"
	echo 1 >"$trace/events/signal/signal_generate/enable"
}

outer_pid_ns=$(readlink /proc/self/ns/pid)

# turn: a pid and a mount namespace, with a /proc that shows that turn's group as the host
nest_make() {
	"$build/tools/as-host" "$(group_dir "native-$1")" ${limit}MiB "$work/$1.meminfo" &
	wait_for 5 test -s "$work/$1.meminfo" || fail "no meminfo for $1"
	kill $!
	unshare --pid --mount --fork --kill-child --mount-proc sh -c '
		mount --bind "$1" /proc/meminfo && : >"$1.there" && exec sleep 100000' nest "$work/$1.meminfo" &
	pids="$pids nest-$1=$!"
	wait_for 5 test -e "$work/$1.meminfo.there" || fail "no namespaces for $1"
	nest=$(pgrep -P "$(pid_of "nest-$1")")
	eval "nest_$1=$nest"
}
in_nest() { # turn, command…
	eval "nest=\$nest_$1"
	shift
	nsenter --target "$nest" --pid --mount "$@"
}

# turn: is there no process but the first one of the nest, and is that /proc/meminfo ours? Else a peer is not started.
peer_alone() {
	# shellcheck disable=SC2016 # for the shell inside
	in_nest "$1" sh -c '
		[ "$(readlink /proc/self/ns/pid)" != "$1" ] || exit 1
		cmp -s /proc/meminfo "$2" || exit 1
		set -- /proc/[0-9]*
		[ $# -le 2 ] && [ "$(cat /proc/1/comm)" = sleep ]' alone "$outer_pid_ns" "$work/$1.meminfo"
}
peer_begin() { # turn, what its log says when it is ready, command…
	peer=$1 peer_ready=$2
	shift 2
	peer_alone "$peer" || fail "$peer would not be alone in its namespaces: not started"
	in_nest "$peer" sh -c '
		root=$1; shift
		mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs none "$root/run" &&
			cat >"$root/run/nohang.conf" && exec chroot "$root" "$@"' peer "$tree" "$@" \
		<"$work/nohang.conf" >"$work/$peer.log" 2>&1 &
	wait_for 20 grep -q "$peer_ready" "$work/$peer.log" || { cat "$work/$peer.log" >&2; fail "$peer is not ready"; }
}

# SIGKILL at once below 20 % of 640 MiB, both: what kills soonest
guardian_of() { # turn
	case $1 in
	earlyoom) peer_begin earlyoom 'mem avail' /usr/bin/earlyoom -r 3600 -m 20,20 ;;
	nohang)
		sed -e 's/^soft_threshold_min_mem *=.*/soft_threshold_min_mem = 20 %/' \
			-e 's/^hard_threshold_min_mem *=.*/hard_threshold_min_mem = 20 %/' \
			-e 's/^warning_threshold_min_mem *=.*/warning_threshold_min_mem = 21 %/' \
			"$tree/etc/nohang/nohang.conf" >"$work/nohang.conf"
		peer_begin nohang 'Monitoring has started' /usr/bin/python3 -W ignore /usr/sbin/nohang --monitor --config /run/nohang.conf
		;;
	esac
}

prey_full() { [ "$(cat "$dir/memory.current" "$dir/memory.usage_in_bytes" 2>/dev/null)" -ge $((590 << 20)) ]; }

# turn: one burst; a line "CROSSED SIGNAL FREED-HALF FREED-MOST" in ns, or nothing where another process ended it
burst_once() {
	dir=$(group_dir "native-$1")
	echo >"$trace/trace"
	"$build/tools/as-host" "$dir" ${limit}MiB "$work/$1.meminfo" &
	as_host=$!
	"$build/tools/threshold_timer" group "$dir" ${over}MiB $((over / 2))MiB $((over / 4))MiB >"$work/crossings" 2>&1 &
	watch=$!
	in_nest "$1" "$program" --oom-score-adj 0 --name $name --for 10s --cgroup "$dir" burst 600MiB 1s >/dev/null 2>&1 &
	burst=$!
	if [ "$1" = hand ]; then
		wait_for 5 prey_full
		(cd "$work" && "$enforce_try" kill "pid:$(pgrep -x $name)" >/dev/null 2>&1) # it leaves a table where it stands
	fi
	wait $burst
	wait_for 2 test -s "$work/crossings"
	kill $as_host $watch 2>/dev/null
	wait $as_host $watch 2>/dev/null
	signal=$(sed -n "s/.* \([0-9]*\)\.\([0-9]*\): signal_generate: sig=.*/\1\2000/p" "$trace/trace" | head -n 1)
	[ -z "$signal" ] || awk -v signal="$signal" 'NF == 4 { print $1, signal, $2, $4 }' "$work/crossings" >>"$work/$1.bursts"
}

# turn, two columns of its lines: the milliseconds between
between() { awk -v from="$2" -v to="$3" '{ printf "%.3f\n", ($to - $from) / 1e6 }' "$work/$1.bursts" | paste -s -d , -; }

trace_end() {
	[ -d "$trace" ] || return 0
	echo 0 >"$trace/events/signal/signal_generate/enable"
	rmdir "$trace"
}

turn_row() {
	row="row: incident=$incident guardian=$1 kernel=$(uname -r | cut -d - -f 1)"
	note rounds "$rounds"
	note timed "$(wc -l <"$work/$1.bursts")"
	note signal_ms "$(between "$1" 1 2)"
	note half_ms "$(between "$1" 1 3)"
	note freed_ms "$(between "$1" 1 4)"
	note kernel_part_ms "$(between "$1" 2 4)"
	note kernel_oom_kills "$(kernel_kills_of "native-$1")"
	echo "$row"
}

: >"$work/nohang.conf"
trap 'trace_end; clean_up' EXIT
trace_begin || skip 'signals cannot be traced here'
for turn in $turns; do
	group_make "native-$turn" $((limit << 20)) || skip 'no cgroup can be made here'
	: >"$work/$turn.bursts"
	nest_make "$turn"
	guardian_of "$turn"
done
GUARDIAN=headroom bystanders=''
guardian_begin
round=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	for turn in $turns; do burst_once "$turn"; done
done
for turn in $turns; do turn_row "$turn"; done
for turn in $turns; do
	case $turn in kill | reflex)
		promise "every burst is ended by $turn" [ "$(wc -l <"$work/$turn.bursts")" = "$rounds" ]
		promise 'the kernel OOM-kills nothing' [ "$(kernel_kills_of "native-$turn")" = 0 ]
		;;
	esac
done
