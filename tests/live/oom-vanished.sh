# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The cgroup of a container is removed right after the kernel has killed its only process. A daemon that sees nothing but the
# cgroup files (a pod's sidecar; a host without BPF and kernel log) finds the kill in the counters of the cgroup above, once for a
# group, gives it to the container that is gone, and no report calls it a near miss.
. "$(dirname "$0")/lib.sh"

[ $v = 2 ] || skip 'only cgroup v2 counts the OOM kills of cgroups that are gone'
BOARD=$work/board
need unshare
# As a sidecar has it: no BPF, no kernel log.
printf '#!/bin/sh\nmount --bind /dev/null /dev/kmsg && exec "$@"\n' >"$work/blind" && chmod +x "$work/blind"
kills_of() { cli events --json | jq -c "select(.type == \"oom_kill\" and .cgroup == \"$ours/$1\")"; }
# container, command…: it runs for two sweeps, is OOM-killed, and its cgroup is removed before the next sweep
container() {
	name=$1
	shift
	group_make "$name" 33554432 || fail 'cannot make a group'
	"$@"
	rm -f "$work/go"
	in_group "$name" sh -c "while [ ! -e $work/go ]; do sleep 0.2; done; exec tail /dev/zero" & main=$!
	wait_for 10 seen "$name" || fail "$name is not listed"
	sweeps 2
	: >"$work/go"
	wait $main
	rmdir_now() { rmdir "$(group_dir "$name")"; }
	wait_for 5 rmdir_now 2>/dev/null || fail "$name: cannot be removed"
}
grouped() { # of three processes
	echo 1 >"$(group_dir "$name")/memory.oom.group"
	for _ in 1 2; do in_group "$name" sleep 600 & done
}
has_events() { [ "$(kills_of "$1" | grep -c .)" = "$2" ]; }
total() { cli ls --all --json | ask "$(entry "$1") | select(.oom_kills_total == $2)"; }
judge() { # group, kills
	wait_for 10 has_events "$1" "$2" || { cli events >&2; cli ls --all >&2; fail "$1: $2 events were expected"; }
	wait_for 3 total "$1" "$2" || cli ls --all --json | jq "$(entry "$1")" | expect ".oom_kills_total == $2" "$1"
}

group_make pod/other || fail 'cannot make a group'
in_group pod/other sleep 600 &
HEADROOM_NO_BPF=1 unshare -m "$work/blind" "$build/headroomd" --board "$BOARD" --no-lock >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 60 daemon_attached || { cat "$work/daemon.log" >&2 && fail 'the daemon does not start'; }
container pod/app :
judge pod/app 1
kills_of pod/app | expect '(.flags | index("counted")) and .severity == "critical"'
# One OOM of a group, on every kernel one event.
container pod/grouped grouped
judge pod/grouped 1
# One that ends by itself is no OOM kill.
group_make pod/quits 33554432
in_group pod/quits sleep 600 &
wait_for 10 seen pod/quits || fail 'the group is not listed'
kill -KILL "$(cat "$(group_dir pod/quits)/cgroup.procs")"
rmdir_now() { rmdir "$(group_dir pod/quits)"; }
wait_for 5 rmdir_now || fail 'cannot remove a group'
sweeps 4
[ "$(cli events --json | jq -c 'select(.type == "oom_kill")' | wc -l)" = 2 ] || { cli events >&2; fail 'OOM kills that never were'; }
daemon_stop

# The sidecar: in a cgroup of the pod itself, which has the same limit as its container.
rm -f "$BOARD"
group_make pod/sidecar || fail 'cannot make a group'
(echo 0 >"$(group_dir pod/sidecar)/cgroup.procs" && exec sleep 600) &
sidecar=$!
(
	echo 0 >"$(group_dir pod/sidecar)/cgroup.procs"
	HEADROOM_NO_BPF=1 exec unshare -m "$work/blind" "$build/headroomd" --board "$BOARD" --no-lock --scope pod
) >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 60 daemon_attached || { cat "$work/daemon.log" >&2 && fail 'the sidecar does not start'; }
container pod/app2 :
judge pod/app2 1
cli report --json 2>/dev/null | grep -q near_miss && { cli report >&2; fail 'a near miss is claimed'; }
kill $sidecar
