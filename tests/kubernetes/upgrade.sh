# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A rollout replaces the DaemonSet's pod: the new daemon continues the board of the old one, with counts and history, and an
# OOM kill meanwhile is counted. Prints for how long there was no daemon.
. "$(dirname "$0")/lib.inc"

pod_create stays Always app 32Mi 'sleep 1; [ -e /tmp/again ] || { : >/tmp/again; exec tail /dev/zero; }; sleep 1000'
counted() { snapshot | ask ".containers[] | $(of_pod stays) | select(.oom_kills_total >= 1 and .state == \"running\" and .restarts >= 1)"; }
pod_create keeps Never app 32Mi 'exec sleep 1000'
wait_for 60 counted || { cli ls --all --json | jq -c ".containers[] | $(of_pod stays)" >&2; fail 'the pod was not OOM-killed'; }
kills=$(snapshot | jq ".containers[] | $(of_pod stays) | .oom_kills_total" | sort -n | tail -n 1)
before=$(mark) pid=$(snapshot | jq .host.guard.pid)
kubectl -n headroom rollout restart daemonset/headroom >/dev/null
rolled_out 120 >/dev/null || { kubectl -n headroom describe pod >&2; fail 'the rollout does not end'; }
taken_over() { snapshot | ask "select($ready) | .host.guard.pid != $pid"; }
wait_for 20 taken_over || fail 'no new daemon'
cli events --json | jq -s 'map(.seq) | . == sort' | expect . 'sequence numbers go on'
[ "$(mark)" -ge "$before" ] || fail 'events are gone'
snapshot | jq ".containers[] | $(of_pod stays) | select(.state == \"running\")" | expect ".oom_kills_total >= $kills" 'the count goes on'
cli events --json | jq -c "select(.seq > $before and .type == \"guard\") | {time: .time[11:23], what, text}"
pod_delete stays keeps
