# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A policy that matches everything spares the cgroups of the protect list and their parents; a manual action is refused for
# them as well.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

for name in listed deep/inner hog; do group_make $name || fail 'cannot make groups'; done
daemon_with <<E
mode: enforce
interval: 200ms
protect: ["cgroup:$ours/listed", "cgroup:$ours/deep/inner"]
rate_limit: {kills: 100, per: 1m}
policies:
  - name: everything
    match: {cgroup: "$ours*"}
    when: {usage: 24MiB}
    actions: [kill]
    cooldown: 0s
E
hand() { cli kill "cgroup:$ours/$1" --yes 2>"$work/said" >/dev/null; }
workload_start listed hold 40M
listed=$workload_pid
workload_start deep/inner hold 40M
inner=$workload_pid
workload_start hog leak 40M
wait_for 5 ended "$workload_pid" || fail 'the unprotected one still runs'
sweeps 6
for pid in $listed $inner; do alive "$pid" || fail 'a protected process was killed'; done
no_action ".cgroup != \"$ours/hog\" and .result.status == \"done\""
for name in listed deep/inner deep; do
	hand $name
	[ $? = 4 ] || fail "manual action, $name: $(cat "$work/said")"
done
for pid in $listed $inner; do alive "$pid" || fail 'a protected process was killed by a manual action'; done
kill "$listed" "$inner"
