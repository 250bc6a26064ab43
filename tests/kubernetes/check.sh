# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The commands that a person runs in the pods of the DaemonSet say what holds there: `check` names no option of another program,
# `export --check` passes, probes answer, `status` names what is degraded, and the node's condition is kept.
. "$(dirname "$0")/lib.inc"

exec_in daemon headroom check >"$work/check" 2>&1
status=$?
[ $status = 0 ] || [ $status = 1 ] || { cat "$work/check" >&2; fail "headroom check: $status"; }
! grep -nE -- '--cap-add|--privileged|--pid[ =]host|docker run|systemctl|apt ' "$work/check" >&2 || fail 'check names what Kubernetes does not have'
exec_in exporter headroom export --check >"$work/export" 2>&1 || { cat "$work/export" >&2; fail 'export --check fails in the exporter'; }
exec_in daemon headroom daemon ping >/dev/null || fail 'ping'
exec_in daemon headroom status >"$work/status" || { cat "$work/status" >&2; fail 'status'; }
! exec_in exporter headroom daemon pause >"$work/said" 2>&1 || fail 'the exporter may pause the daemon'
condition() { kubectl get node node-1 -o json | jq -c '.status.conditions[] | select(.type == "MemoryForecast")' | ask "$1"; }
wait_for 70 condition '.status == "False" and .reason == "NoOOMForecast"' || { condition . >&2; fail 'no condition of the node'; }
kubectl -n headroom get events --field-selector reason=Unhealthy -o json | jq -c '.items[] | {message, count}' >"$work/unhealthy"
[ ! -s "$work/unhealthy" ] || { cat "$work/unhealthy" >&2; fail 'a probe failed'; }
