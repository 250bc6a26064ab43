# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Decoys do not use up the rate limit: what frees nothing is not counted, and the events say so. And what policies about
# containers have ended leaves a shortage of the host its own limit.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

decoys="1 2 3 4 5"
for i in $decoys; do group_make decoy$i || fail 'cannot make groups'; done
group_make hog && group_make second && group_make third || fail 'cannot make groups'
cat >"$work/config" <<E
mode: enforce
interval: 200ms
rate_limit: {kills: 1, per: 1h}
policies:
  - name: switch
    match: {cgroup: ["$ours/decoy*", "$ours/hog", "$ours/second"]}
    when: {usage: 32MiB}
    actions: [kill]
  - name: host
    match: {cgroup: "$ours/third"}
    when: {host_available: 99%, used: 32MiB}
    actions: [kill]
E
for i in $decoys; do in_group decoy$i sleep 60 & done
daemon_on
# A tmpfs outlives the process that filled it: its end frees nothing.
for i in $decoys; do in_group decoy$i dd if=/dev/zero of="$work/decoy$i" bs=64k count=640 2>/dev/null & done
for i in $decoys; do
	acted kill ".cgroup == \"$ours/decoy$i\" and .result.status == \"done\" and (.result.detail | test(\"does not count\"))" "decoy $i" 10
done
workload_start hog leak 40M
wait_for 10 ended "$workload_pid" || { events_print; fail 'the decoys have used up the rate limit'; }
acted kill ".cgroup == \"$ours/hog\" and .result.status == \"done\" and (.result.detail // \"\" | test(\"does not count\") | not)"
workload_start second leak 40M 48M
acted kill ".cgroup == \"$ours/second\" and .result.status == \"refused\" and (.result.detail | test(\"rate limit\"))" 'the second one is over it' 10
alive "$workload_pid" || fail 'killed over the rate limit'
workload_start third leak 40M
wait_for 10 ended "$workload_pid" || { events_print; fail 'no kill is left for a shortage of the host'; }
acted kill ".cgroup == \"$ours/third\" and .result.status == \"done\" and (.result.detail | test(\"reserve\"))"
cli explain "$(jq .seq "$work/action")" | grep reserve || fail 'explain does not name the reserve'
