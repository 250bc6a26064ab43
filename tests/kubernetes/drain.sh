# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# `kubectl drain` empties the node but for DaemonSets: headroom stays, with the same daemon, and sees the others go.
. "$(dirname "$0")/lib.inc"

scenario_clean_up() { kubectl uncordon node-1 >/dev/null 2>&1; }
pod_create leaving Never app 32Mi 'exec sleep 1000'
running() { snapshot | ask ".containers[] | $(of_pod leaving) | select(.state == \"running\")"; }
wait_for 60 running || fail 'the pod is not listed'
pid=$(snapshot | jq .host.guard.pid)
kubectl drain node-1 --ignore-daemonsets --delete-emptydir-data --force --grace-period=1 --timeout=60s >"$work/drain" 2>&1 ||
	{ cat "$work/drain" >&2; fail 'drain'; }
gone() { ! running; }
wait_for 20 gone || fail 'listed as running'
rolled_out 10 >/dev/null || fail 'the DaemonSet has left'
snapshot | expect ".host.guard.pid == $pid and .host.guard.state == \"running\"" 'the same daemon'
