# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A real Docker engine, of this scenario's own: the container leaky runs out of its 50 MB and is known by name.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
. "$(dirname "$0")/docker.inc"

containers=leaky
docker_start
since=$(mark)
docker run --name leaky --network none -m $limit --memory-swap $limit headroom-test:busybox sh -c "$leak" ||
	[ $? = 137 ] || { tail -n 5 "$here/log" && fail 'docker run'; }
died=$(now)
id=$(docker inspect -f '{{.Id}}' leaky)
[ "$(docker inspect -f '{{.State.OOMKilled}}' leaky)" = true ] || fail 'Docker itself saw no OOM kill'
expect_leaky "$since" leaky "$id" headroom-test:busybox docker "$died"
# By name on the command line.
cli ls --all | grep -q leaky || fail 'headroom ls --all does not show leaky'
