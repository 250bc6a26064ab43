# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Hosts that lack something: BTF, PSI, a writable cgroupfs, descriptors, capabilities, all hidden from a daemon of our own
# by a mount namespace or a limit. Each time the daemon runs, lists a group with its limit, counts its kill, and its board
# shows what is unavailable.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'hiding things from a daemon needs root'
need unshare
unshare -m true 2>/dev/null || skip 'no mount namespaces here'

BOARD=$work/board # a daemon of our own
group_make odd 33554432 || fail 'cannot make a group'
in_group odd sleep 600 &
mkdir "$work/nothing"

# what it is called, the shell's words that take something away, a jq condition on .host.guard.sources
without() {
	called=$1
	rm -f "$BOARD" "$BOARD.lock"
	unshare -m sh -c "$2 || exit 9; exec '$build/headroomd' --board '$BOARD'" >"$work/daemon.log" 2>&1 &
	daemon=$!
	wait_for 15 daemon_ready || { cat "$work/daemon.log" && fail "no daemon, $called"; }
	wait_for 5 seen odd || fail "the group is not listed, $called"
	snapshot | jq "$(entry odd)" | expect '.usage_bytes > 0 and .limit_bytes == 33554432 and .headroom_bytes > 0' "$called"
	snapshot | jq '.host.guard.sources' | expect "$3" "$called"
	before=$(snapshot | jq "$(entry odd) | .oom_kills_total // 0")
	in_group odd tail /dev/zero 2>/dev/null
	counted() { snapshot | ask "$(entry odd) | select(.oom_kills_total == $before + 1)"; }
	wait_for 5 counted || snapshot | jq "$(entry odd)" | expect ".oom_kills_total == $before + 1" "$called"
	daemon_stop
	! grep -q 'starting it again' "$work/daemon.log" || { cat "$work/daemon.log" && fail "something fell, $called"; }
	echo "works $called"
}

[ ! -d /sys/kernel/btf ] || without 'without BTF' "mount -o bind '$work/nothing' /sys/kernel/btf" \
	'.memcg_sweep == "cgroup files" and .oom_kill == "memory.events"'
[ ! -f /proc/pressure/memory ] || without 'without PSI' 'mount -o bind /dev/null /proc/pressure/memory' '.host_pressure == "none"'
without 'with cgroups read-only' "mount -o bind $mount $mount && mount -o remount,bind,ro $mount" '.memcg_sweep != null'
# shellcheck disable=SC3045 # dash and busybox have it
without 'with few descriptors' 'ulimit -n 64' '.memcg_sweep != null'
if command -v setpriv >/dev/null && setpriv --bounding-set -ipc_lock true 2>/dev/null; then
	without 'without rights to lock or raise' \
		"ulimit -l 64; exec setpriv --bounding-set -sys_resource,-ipc_lock '$build/headroomd' --board '$BOARD'" \
		'.memcg_sweep != null'
	without 'without the right to load BPF' \
		"exec setpriv --bounding-set -bpf,-perfmon,-sys_admin '$build/headroomd' --board '$BOARD'" \
		'.memcg_sweep == "cgroup files" and .oom_kill == "memory.events"'
else
	echo 'not tried without rights: setpriv cannot take them away here'
fi

# what it is called, what takes something away, the word that is then degraded
with_degraded() {
	called=$1
	rm -f "$BOARD" "$BOARD.lock"
	unshare -m sh -c "$2 --no-lock --config '$work/policies' --board '$BOARD'" >"$work/daemon.log" 2>&1 &
	daemon=$!
	wait_for 15 daemon_ready || { cat "$work/daemon.log" && fail "no daemon, $called"; }
	snapshot | jq .host.guard | expect ".degraded | any(.what == \"$3\")" "$called"
	daemon_stop
	echo "degraded $called"
}
printf 'mode: enforce\npolicies:\n  - name: p\n    match: {cgroup: "%s/none"}\n    when: {usage: 1GiB}\n    actions: [{term: 3s}, kill]\n' \
	"$ours" >"$work/policies"
freezer=/sys/fs/cgroup/freezer
[ -d $freezer ] || freezer=$mount
with_degraded 'with cgroups read-only' "for m in $mount $freezer; do mount -o bind \$m \$m; mount -o remount,bind,ro \$m; done; exec '$build/headroomd'" action_kill
if command -v setpriv >/dev/null; then
	with_degraded 'without CAP_KILL' "exec setpriv --bounding-set -kill '$build/headroomd'" action_term
else
	echo 'not tried without CAP_KILL: setpriv is not here'
fi
timeout -k 5 40 unshare -m sh -c "mount -t proc -o subset=pid proc /proc && exec '$build/headroomd' --board '$BOARD'" >"$work/out" 2>&1
status=$?
[ $status = 5 ] && grep -q 'subset=pid' "$work/out" || fail "status $status with subset=pid: $(cat "$work/out")"

# No memory cgroups at all: one line, and the status that says that this host can't. Lazily: a mount that another process reads
# at that moment would stay, and the daemon would rightly run on.
timeout -k 5 40 unshare -m sh -c "while umount -l $mount 2>/dev/null; do :; done; umount -l /sys/fs/cgroup/unified 2>/dev/null
	exec '$build/headroomd' --board '$BOARD'" >"$work/out" 2>&1
status=$?
[ $status = 5 ] || { cat "$work/out" /proc/mounts && fail "status $status without memory cgroups, not 5"; }
grep -q 'no memory cgroups below' "$work/out" || fail "what is said without memory cgroups: $(cat "$work/out")"
