# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A hundred pods that come and go, ten at a time, every tenth OOM-killed: each is listed by name, each OOM kill is an event, at the end
# none is listed as running, no record was lost, and the daemon is as large as before.
. "$(dirname "$0")/lib.inc"

rss() { snapshot | jq '.host.guard.rss_bytes'; }
since=$(mark) before=$(rss) lost=$(snapshot | jq .host.guard.events_lost_total)
restarts_before=$(kubectl -n headroom get pod "$(headroom_pod)" -o json | jq '[.status.containerStatuses[].restartCount] | add')
: >"$work/names"
batch() { # number
	for n in 0 1 2 3 4 5 6 7 8; do pod_create "churn-$1-$n" Never app 24Mi 'exec sleep 600'; done
	pod_create "churn-$1-9" Never app 24Mi 'sleep 1; exec tail /dev/zero'
	ours="[.containers[] | select(.namespace == \"test\" and .kind == \"container\" and (.pod | startswith(\"churn-$1-\"))) | .pod] | unique"
	all() { cli ls --all --json | ask "$ours | length == 10"; }
	wait_for 90 all || { kubectl -n test get pods >&2; cli ls --all --json | jq -c "$ours" >&2; fail "batch $1: not all are listed"; }
	kubectl -n test delete pod --grace-period=0 --force --wait=false -l app --field-selector metadata.namespace=test >/dev/null 2>&1
}
for number in 0 1 2 3 4 5 6 7 8 9; do batch $number; done
calm() { snapshot | ask '[.containers[] | select(.namespace == "test" and .state == "running")] == []'; }
wait_for 60 calm || { snapshot | jq -c '.containers[] | select(.namespace == "test") | {pod, cgroup, state, pids}' >&2; fail 'pods that are gone are listed as running'; }
kills=$(cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\") | .victim.pod" | sort -u | wc -l)
snapshot | expect ".host.guard.events_lost_total == $lost" 'no record lost'
after=$(rss)
echo "OOM kills told: $kills of 10; the daemon: $((before / 1048576)) → $((after / 1048576)) MiB resident"
[ "$kills" = 10 ] || { cli events >&2; fail 'an OOM kill is not told'; }
[ "$after" -lt $((before + 4 * 1048576)) ] || fail 'the daemon has grown by more than 4 MiB'
restarts=$(kubectl -n headroom get pod "$(headroom_pod)" -o json | jq '[.status.containerStatuses[].restartCount] | add')
[ "$restarts" = "$restarts_before" ] || fail 'a container of the DaemonSet was restarted'
