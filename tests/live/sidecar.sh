# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A daemon as the sidecar of a pod, as deploy/kubernetes/components/sidecar has it, with Docker's means: a cgroup that the two
# share, one pid namespace, a cgroup namespace of each, no capability and no root. It sees its pod and nothing else, with
# limits and OOM kills, finds its own place though the kernel says "/", and headroom reads its board. --scope self is itself.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
for tool in ldd strip sha256sum; do need $tool; done
. "$(dirname "$0")/docker.inc"

containers='app sidecar'
HEADROOM_BUILD=$work/images
mkdir "$work/images" "$work/shared"
for program in headroomd headroom headroom-resolver headroom-export; do ln -s "$(cd "$build" && pwd)/$program" "$work/images/"; done
export HEADROOM_BUILD
deploy/docker/build-local daemon >/dev/null || fail 'the image is not built'
chown 9477:9477 "$work/shared"
BOARD=$work/shared/board
docker_start
docker load -q -i "$work/images/image/headroom-daemon.tar" >/dev/null || fail 'docker load'

docker run -d --name app --network none --cgroup-parent "$ours/pod" --cgroupns private -m 64m --memory-swap 64m \
	headroom-test:busybox sh -c 'while :; do tail /dev/zero; sleep 1; done' >/dev/null || fail 'docker run app'
id=$(docker inspect -f '{{.Id}}' app)
sidecar() { # scope
	docker rm -f sidecar >/dev/null 2>&1
	rm -f "$work"/shared/*
	docker run -d --name sidecar --network none --cgroup-parent "$ours/pod" --cgroupns private --pid container:app \
		--user 9477:9477 --read-only --cap-drop ALL --security-opt no-new-privileges -v /sys/fs/cgroup:/sys/fs/cgroup:ro \
		-v "$work/shared:/run/headroom" headroom-daemon:latest --scope "$1" >/dev/null || fail 'docker run sidecar'
	wait_for 15 daemon_ready || { docker logs sidecar >&2; fail "no daemon with --scope $1"; }
}

sidecar pod
mine="select(.cgroup | startswith(\"$ours/pod\"))"
snapshot | jq -c '[.containers[].cgroup]' | expect "map(select((startswith(\"$ours/pod\") or . as \$above | \"$ours/\" | startswith(\$above)) | not)) == []" \
	'its pod, and the cgroups with a limit on it'
snapshot | expect "[.containers[] | $mine | select(.state == \"running\" and .kind == \"container\")] | length == 2" 'both containers'
app=".containers[] | select(.cgroup | endswith(\"$id\"))"
snapshot | jq "$app" | expect '.limit_bytes == 67108864 and .binding.level == "own"'
counted() { snapshot | ask "$app | select(.oom_kills_total > 0)"; }
wait_for 10 counted || snapshot | jq "$app" | expect '.oom_kills_total > 0'
docker exec sidecar headroom ls --all | grep -q "${id%"${id#????????????}"}" || fail 'headroom ls in the sidecar does not list app'
docker logs sidecar 2>&1 | grep 'starting it again' && fail 'daemon or resolver fell'

sidecar self
snapshot | expect '[.containers[] | select(.kind == "container") | .cgroup] | length == 1' 'itself alone'
docker stop -t 5 sidecar >/dev/null
[ "$(docker inspect -f '{{.State.ExitCode}}' sidecar)" = 0 ] || fail "the daemon's exit status is not 0"
