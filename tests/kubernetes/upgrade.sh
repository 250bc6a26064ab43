# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A rollout replaces the DaemonSet's pod: the new daemon continues the board of the old one, with counts and history, and an
# OOM kill meanwhile is counted. Prints for how long there was no daemon.
. "$(dirname "$0")/lib.inc"

pod_create stays Always app 32Mi 'sleep 2; exec tail /dev/zero'
pod_create keeps Never app 32Mi 'exec sleep 1000'
kills_counted() { cli ls --all --json | jq "[.containers[] | $(of_pod stays) | .oom_kills_total] | max // 0"; }
counted() { [ "$(kills_counted)" -ge 2 ]; }
wait_for 60 counted || { cli ls --all --json | jq -c ".containers[] | $(of_pod stays)" >&2; fail 'the pod was not OOM-killed twice'; }
kills=$(kills_counted)
before=$(mark) pid=$(snapshot | jq .host.guard.pid)
kubectl -n headroom rollout restart daemonset/headroom >/dev/null
rolled_out 120 >/dev/null || { kubectl -n headroom describe pod >&2; fail 'the rollout does not end'; }
taken_over() { snapshot | ask "select($ready) | .host.guard.pid != $pid"; }
wait_for 20 taken_over || fail 'no new daemon'
cli events --json | jq -s 'map(.seq) | . == sort' | expect . 'sequence numbers go on'
[ "$(mark)" -ge "$before" ] || fail 'events are gone'
[ "$(kills_counted)" -ge "$kills" ] || fail "$kills OOM kills before, $(kills_counted) after"
snapshot | jq ".containers[] | $(of_pod keeps)" | expect '.state == "running" and .container == "app"' 'listed as before'
cli events --json | jq -r "select(.seq > $before and .type == \"guard\" and (.what | IN(\"stopping\", \"adopted\"))) | \"\(.time[11:23]) \(.text)\""
pod_delete stays keeps
