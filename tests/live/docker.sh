# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A real Docker engine, of this scenario's own: the container leaky runs out of its 50 MB and is known by name.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
need dockerd
need docker

here=$(mktemp -d /tmp/headroom-docker.XXXXXX) # not on tmpfs: images may be larger than memory should be
docker_pid=
scenario_clean_up() {
	[ -z "$docker_pid" ] || {
		docker rm -f leaky
		kill -TERM "$docker_pid" && wait "$docker_pid"
	} >/dev/null 2>&1
	rm -rf "$here"
}
export DOCKER_HOST="unix://$here/sock"
echo '{}' >"$here/daemon.json"
# shellcheck disable=SC3045 # dash and busybox have it
files=$(ulimit -Hn)
case $files in unlimited) files=1048576 ;; esac
dockerd --config-file "$here/daemon.json" --data-root "$here/data" --exec-root "$here/exec" --pidfile "$here/pid" \
	-H "$DOCKER_HOST" --storage-driver vfs --iptables=false --ip6tables=false --bridge=none \
	--default-ulimit nofile=$((files / 2)):$((files / 2)) >"$here/log" 2>&1 &
docker_pid=$!
wait_for 20 docker info || { tail -n 5 "$here/log" && skip 'dockerd does not start here'; }
tree_make "$here/tree"
tar -C "$here/tree" -c . | docker import - headroom-test:busybox >/dev/null || fail 'docker import'

since=$(mark)
docker run --name leaky --network none -m $limit --memory-swap $limit headroom-test:busybox sh -c "$leak" ||
	[ $? = 137 ] || { tail -n 5 "$here/log" && fail 'docker run'; }
died=$(now)
id=$(docker inspect -f '{{.Id}}' leaky)
[ "$(docker inspect -f '{{.State.OOMKilled}}' leaky)" = true ] || fail 'Docker itself saw no OOM kill'
expect_leaky "$since" leaky "$id" headroom-test:busybox docker "$died"
# By name on the command line, as a person would.
face ls | grep -q "^leaky .*gone" || fail "headroom ls does not count leaky any more"
