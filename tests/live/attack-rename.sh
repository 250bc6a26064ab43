# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# v1 lets whatever owns a directory rename a cgroup in it: one that was renamed, also with another in its place, is killed all the same,
# and the other one lives.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
[ $v = 1 ] || skip 'cgroup v2 has no rename'

for name in hog away; do group_make $name || fail 'cannot make groups'; done
daemon_with <<EOF
mode: enforce
interval: 200ms
rate_limit: none
policies:
  - {name: large, match: {cgroup: "$ours/*"}, when: {usage: 24MiB}, actions: [kill], cooldown: 0s}
EOF
for name in hog away; do
	wait_for 5 seen $name || fail "$name is not listed"
	mv "$(group_dir $name)" "$(group_dir $name.renamed)" || fail 'rename'
done
group_make away || fail 'cannot make groups'
workload_start away hold 8M
bystander=$workload_pid
for name in hog away; do
	workload_start $name.renamed leak 40M
	wait_for 10 ended "$workload_pid" || { events_print; fail "$name still runs"; }
	acted kill ".cgroup == \"$ours/$name\" and .result.status == \"done\""
done
alive "$bystander" || fail 'the one that has its name now was killed'
kill -9 "$bystander"
