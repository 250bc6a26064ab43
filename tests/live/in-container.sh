# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The daemon in a container of a real Docker engine, as a DaemonSet would run it: privileged, with the host's pid namespace
# and the host's folders below /host. It sees the host's containers by name, kills included, in the host's cgroup namespace
# and in one of its own; its board, in a folder of the host, is read by headroom on the host. A daemon in a container
# without rights has the cgroup files, and lists from them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
need ldd
. "$(dirname "$0")/docker.inc"

containers='leaky headroom'
mkdir "$work/shared"
BOARD=$work/shared/board # a daemon of our own
docker_start
tree_make "$here/ours"
mkdir -p "$here/ours/usr/sbin" "$here/ours/host"
for program in headroomd headroom-resolver; do
	cp "$build/$program" "$here/ours/usr/sbin/"
	for library in $(ldd "$build/$program" | grep -o '/[^ ]*'); do
		mkdir -p "$here/ours${library%/*}" && cp -n "$library" "$here/ours$library"
	done
done
image_make "$here/ours" ours

daemon_in_container() { # docker's options…; after --, the daemon's
	wanted=
	while [ "$1" != -- ]; do wanted="$wanted $1" && shift; done
	shift
	rm -f "$BOARD" "$BOARD.lock"
	# shellcheck disable=SC2086 # a list
	docker run -d --name headroom --network none -v "$work/shared:/board" $wanted headroom-test:ours \
		/usr/sbin/headroomd --board /board/board "$@" >/dev/null || fail "docker run $wanted"
	wait_for 15 daemon_ready || { docker logs headroom >&2; fail "no daemon with $wanted"; }
}

daemon_out_of_container() {
	docker logs headroom >"$work/log" 2>&1
	docker stop -t 5 headroom >/dev/null || fail 'docker stop'
	[ "$(docker inspect -f '{{.State.ExitCode}}' headroom)" = 0 ] || fail "the daemon's exit status is not 0"
	docker rm headroom >/dev/null
}

leaky_is_named() {
	since=$(mark)
	docker run --name leaky --network none -m $limit --memory-swap $limit headroom-test:busybox sh -c "$leak"
	died=$(now)
	expect_leaky "$since" leaky "$(docker inspect -f '{{.Id}}' leaky)" headroom-test:busybox docker "$died"
	snapshot | jq '.containers[] | select(.name == "headroom")' | expect '.runtime == "docker" and .state == "running"'
	docker rm leaky >/dev/null
}

# The rights that it needs, one by one: less than --privileged, which a host without CAP_SYS_RESOURCE refuses. SYS_ADMIN
# stands for BPF and PERFMON, which Docker does not know by name before 23.
rights=
for right in SYS_ADMIN DAC_READ_SEARCH SYSLOG IPC_LOCK; do rights="$rights --cap-add $right"; done
as_daemon_set="--pid=host $rights"
for folder in proc sys run var etc tmp; do as_daemon_set="$as_daemon_set -v /$folder:/host/$folder"; done
# shellcheck disable=SC2086 # lists
daemon_in_container $as_daemon_set --cgroupns=host -- --root /host
leaky_is_named
snapshot | expect '.host.guard.sources | .oom_kill != "memory.events" and .memcg_sweep != "cgroup files"'
daemon_out_of_container

# shellcheck disable=SC2086 # lists
daemon_in_container --pid=host $rights -v /:/host:ro --cgroupns=private -- --root /host
leaky_is_named
daemon_out_of_container

# No rights at all, but the host's cgroups to look at: memory of each, its path, and, by the files, kills.
group_make plain 33554432 || fail 'cannot make a group'
in_group plain sleep 600 &
daemon_in_container -v /proc:/host/proc:ro -v /sys:/host/sys:ro --cgroupns=host -- --root /host
wait_for 5 seen plain || { docker logs headroom && snapshot | expect 'any(.containers[]; .cgroup == null) | not' && fail 'the group is not listed'; }
snapshot | jq "$(entry plain)" | expect '.usage_bytes > 0 and .limit_bytes == 33554432 and .headroom_bytes > 0'
snapshot | expect '.host.guard.sources.memcg_sweep == "cgroup files"'
in_group plain tail /dev/zero
counted() { snapshot | ask "$(entry plain) | select(.oom_kills_total == 1)"; }
wait_for 5 counted || snapshot | jq "$(entry plain)" | expect '.oom_kills_total == 1'
daemon_out_of_container
! grep -q 'starting it again' "$work/log" || { cat "$work/log" && fail 'daemon or resolver fell'; }

# Not the host's cgroups either: then it shows itself, and its own limit.
daemon_in_container -m 128m --cgroupns=private --
snapshot | expect '.containers | any(.limit_bytes == 134217728 and .binding.level == "own")'
daemon_out_of_container
