# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A burst at full speed into a limit, a hundred times by each hook: each time the reflex kills before the kernel's OOM killer
# does, only the task of the armed group, and emits a record. Prints how often it was too late.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trigger.inc"

mb=1048576
rounds=100 size=200 # MiB; the development host touches about 1 GB a second
[ -z "${HEADROOM_VM:-}" ] || rounds=20 size=40
rounds=${HEADROOM_ROUNDS:-$rounds}
group_make burst $((size * mb)) && group_make bystander $((size * mb)) || fail 'cannot make a group'
in_group bystander "$workload" hold 8MiB >"$work/ready" &
bystander=$!

hits() { grep -c '"record":"reflex"' "$arm_out"; } # no other group is armed here
burst() { # rounds, threshold in MiB: leaves $missed, $unrecorded
	missed=0 unrecorded=0 round=0
	while [ $round -lt "$1" ]; do
		round=$((round + 1))
		kills=$(kernel_kills burst) before=$(hits)
		arm burst "threshold=${2}MiB reflex"
		in_group burst "$workload" burst $((size * 4))MiB 1ms >/dev/null
		[ "$(kernel_kills burst)" = "$kills" ] || missed=$((missed + 1))
		one_more() { [ "$(hits)" = $((before + 1)) ]; }
		wait_for 1 one_more || unrecorded=$((unrecorded + 1))
		arm_do "disarm $ours/burst"
	done
}

# ---- where reclaim begins, at the limit itself; the hot tracepoint stays off
arm_start --manual
[ "$(arm_source reflex)" != none ] || skip 'no reflex on this kernel'
burst "$rounds" $size
echo "reclaim at the limit: $missed of $rounds missed, $unrecorded without a record"
late=$missed silent=$unrecorded
[ "$(arm_times reflex burst '.hook != "reclaim"')" = 0 ] || fail 'another hook than reclaim'

# ---- at four fifths of it, with rss_stat attached
arm_do close
burst "$rounds" $((size * 4 / 5))
echo "rss_stat at four fifths: $missed of $rounds missed, $unrecorded without a record; by rss_stat $(
	arm_times reflex burst '.hook == "rss_stat"'), by reclaim $(($(arm_times reflex burst '.hook == "reclaim"') - rounds + silent))"

alive $bystander || fail 'a bystander died'
[ "$(arm_times reflex burst ".task_cgroup_id != $(group_id burst) or .error != 0")" = 0 ] || fail 'the wrong one was hit'
[ $((late + missed)) = 0 ] || fail 'the kernel had to kill'
[ $((silent + unrecorded)) = 0 ] || fail 'a hit without a record'
