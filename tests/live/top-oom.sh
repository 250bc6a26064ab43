# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A session of headroom top on a real OOM: a group leaks into its limit, the screen shows the alarm, the kernel kills, the kill is
# among the events and is explained; then a manual kill, declined and confirmed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

pty=tools/pty-screen
need "$pty"
LC_ALL=C.UTF-8 TERM=xterm-256color HEADROOM_HISTORY=$work/none XDG_CONFIG_HOME=$work/choices
export LC_ALL TERM HEADROOM_HISTORY XDG_CONFIG_HOME
unset NO_COLOR

group_make leaky $((80 << 20)) && group_make hog || fail 'cannot make groups'
daemon_with <<RULES
mode: enforce
interval: 200ms
RULES
session() { # keys; what stood on the screen is in $work/screen
	"$pty" 100x30 --keys "$1" "$build/headroom" top --board "$BOARD" >"$work/screen" 2>&1 && return
	cat "$work/screen" >&2
	fail "the session: $1"
}
shows() {
	grep -q -e "$1" "$work/screen" && return
	cat "$work/screen" >&2
	fail "no screen says '$1'"
}

listed() { snapshot | ask "$(entry "$1") | select(.processes | length > 0)"; }

# One session from before the alarm to after the kill.
in_group leaky "$workload" leak $((5 << 20)) >/dev/null 2>&1 &
wait_for 10 listed leaky || fail 'not listed'
session "f ${ours#/}/leaky Enter Enter wait:alarm_act show End wait:cgroup_/headroom show e o wait:OOM-killed_workload show s s Enter wait:Cause: show"
shows "cgroup $ours/leaky"
shows 'risk [0-9]*, alarm act, OOM in'
shows 'OOM-killed workload\[[0-9]*\]'
shows 'Cause: cgroup limit 80 MiB reached'
shows 'Forecast: warned .* before'

# Manual kill: n does nothing; y runs it, with an event.
workload_start hog hold 40M
wait_for 10 listed hog || fail 'not listed'
session "f ${ours#/}/hog Enter a wait:manual_action End Enter wait:Confirm n wait:cancelled show"
shows "cgroup $ours/hog"
alive "$workload_pid" || fail 'it was killed without a confirmation'
session "f ${ours#/}/hog Enter a wait:manual_action End Enter wait:Confirm y wait:kill:_done wait:freed show"
ended "$workload_pid" || fail 'it still runs'
acted kill '.by_uid == 0 and .target.whole and .result.status == "done"'
