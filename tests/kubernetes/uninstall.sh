# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Removed as docs/how-to/kubernetes.md says: no process and no object is left; the node's condition claims
# nothing; and of the files on the node only those that the page names.
. "$(dirname "$0")/lib.inc"

pids() { grep -lz -- '^/usr/sbin/headroomd' /proc/[0-9]*/cmdline 2>/dev/null | while read -r file; do grep -qz "^$board\$" "$file" && echo "$file"; done; }
[ -n "$(pids)" ] || fail 'no daemon to begin with'
manifest "$manifests/base" >"$work/base"
kubectl -n headroom delete daemonset headroom --cascade=foreground --timeout=60s >/dev/null || fail 'the DaemonSet is not deleted'
condition() { kubectl get node node-1 -o json | jq -c '.status.conditions[] | select(.type == "MemoryForecast")'; }
condition | expect '.status == "Unknown" and .reason == "Stopped"' 'the condition claims nothing'
kubectl delete --ignore-not-found --timeout=120s -f - <"$work/base" >/dev/null 2>&1 || fail 'delete'
none() { [ -z "$(pids)" ]; }
wait_for 10 none || fail "processes are left: $(pids)"
left=$(kubectl get clusterrole,clusterrolebinding,namespace -l app.kubernetes.io/name=headroom -o name)
[ -z "$left" ] || fail "objects are left: $left"
on_node find /run/headroom /var/lib/headroom 2>/dev/null | sed 's/^/on the node: /'
