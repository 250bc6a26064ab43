# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A tmpfs outlives the container that filled it, and the next container of the pod is killed at the pod's limit: the report says
# where the memory is, and speaks of warnings with one voice.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board
mkdir "$work/volume" && mount -t tmpfs -o size=200M none "$work/volume" || skip 'a tmpfs cannot be mounted'
scenario_clean_up() { umount "$work/volume"; }
daemon_start || fail 'the daemon does not start'
group_make pod 67108864 && group_make pod/first || fail 'cannot make groups'
in_group pod/first dd if=/dev/zero of="$work/volume/file" bs=1M count=50 2>/dev/null
sweeps 2
group_remove pod/first
filled() { snapshot | ask "$(entry pod) | select(.shmem_bytes > 50000000)"; }
wait_for 10 filled || fail 'the pod does not hold the tmpfs'
cli explain "cgroup:$ours/pod" >"$work/explained" 2>&1
tr '\n' ' ' <"$work/explained" | grep -q '50 MiB of shared memory or tmpfs.* remain from containers that have ended' || {
	cat "$work/explained" >&2 && fail 'explain does not name it'
}
tr '\n' ' ' <"$work/explained" | grep -q "Tmpfs mounts that hold as much now: .*$work/volume  *50 MiB" || {
	cat "$work/explained" >&2 && fail 'explain does not name the mount'
}
tr '\n' ' ' <"$work/explained" | tr -s ' ' | grep -q 'first had 50 MiB of it at its end' || {
	cat "$work/explained" >&2 && fail 'explain does not name the container that filled it'
}
group_make pod/second || fail 'cannot make a group'
in_group pod/second "$workload" leak 5M 60M >/dev/null 2>&1
killed() { event_after 0 '.type == "oom_kill" and (.victim.cgroup | endswith("/pod/second"))'; }
wait_for 5 killed || fail 'no oom_kill event'
cli report latest >"$work/report" 2>&1
grep -A 3 'Memory of containers that have ended' "$work/report" | grep -q '50 MiB' || { cat "$work/report" >&2 && fail 'not named'; }
# One truth on warnings: the event, the summary and the section agree.
if killed | ask '.forecast.warned_seconds_before != null' >/dev/null; then
	! grep -E 'No alarm before it|no warning' "$work/report" || fail 'the report denies the warning of the event'
else
	! grep 'Forecast: warned' "$work/report" || fail 'the report has a warning that the event has not'
fi

# Ended by an action, with a tmpfs that lives on, its cgroup kept and removed at once: what is freed is without it.
. "$(dirname "$0")/action.inc"
daemon_stop
rm -f "$work/volume/file"
daemon_with <<Y
mode: enforce
interval: 200ms
policies:
  - name: switch
    match: {cgroup: "$ours/box*"}
    when: {usage: 48MiB, for: 1s}
    actions: [kill]
    cooldown: 0s
Y
for box in boxkept boxremoved; do
	group_make $box || fail 'cannot make a group'
	in_group $box dd if=/dev/zero of="$work/volume/$box" bs=1M count=40 2>/dev/null
	since=$(mark)
	workload_start $box hold 24M
	while [ $box = boxremoved ] && alive "$workload_pid"; do :; done
	while [ $box = boxremoved ] && ! rmdir "$(group_dir $box)" 2>/dev/null; do :; done
	acted kill ".result.status == \"done\" and .cgroup == \"$ours/$box\""
	expect '.freed_bytes > 20000000 and .freed_bytes < 32000000' "$box: what the action freed" <"$work/action"
	outcome_of "$(jq .seq "$work/action")" '.freed_bytes > 20000000 and .freed_bytes < 32000000'
done
