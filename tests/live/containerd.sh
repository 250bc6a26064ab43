# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# containerd alone, at its usual place: the container is known by its id and its namespace's state.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
need containerd
need ctr
[ ! -e /run/containerd/containerd.sock ] || skip 'a containerd is at work here already'

here=$(mktemp -d /tmp/headroom-containerd.XXXXXX)
id=headroom-leaky-$$ containerd_pid=
ctr_() { ctr -a "$here/sock" -n headroom-test "$@"; }
scenario_clean_up() {
	[ -z "$containerd_pid" ] || {
		ctr_ task kill -s KILL "$id"
		ctr_ container rm "$id"
		kill -TERM "$containerd_pid" && wait "$containerd_pid"
	} >/dev/null 2>&1
	rmdir /sys/fs/cgroup/headroom-test /sys/fs/cgroup/*/headroom-test 2>/dev/null
	rm -rf "$here"
}
cat >"$here/config.toml" <<-END
	version = 2
	root = "$here/root"
	state = "/run/containerd"
	disabled_plugins = ["io.containerd.grpc.v1.cri"]
	[grpc]
	address = "$here/sock"
END
containerd --config "$here/config.toml" >"$here/log" 2>&1 &
containerd_pid=$!
wait_for 20 ctr_ version || { tail -n 5 "$here/log" && skip 'containerd does not start here'; }
tree_make "$here/tree"
since=$(mark)
ctr_ run --rootfs --memory-limit $limit "$here/tree" "$id" /bin/sh -c "$leak" >"$work/out" 2>&1
status=$?
[ $status = 137 ] || skip "ctr cannot run a container here ($status): $(tail -n 1 "$work/out")"
died=$(now)
it=".type == \"oom_kill\" and .victim.container_id == \"$id\""
wait_for 1 event_after "$since" "$it" || fail 'no oom_kill event that names the container within a second'
echo "known within $(($(now) - died))0 ms of its end"
event_after "$since" "$it" | expect '.victim.runtime == "containerd" and .limit.level == "own"'
