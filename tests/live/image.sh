# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The container images, built here and run with the commands that docs/how-to/containers.md gives, under a Docker engine of this
# scenario's own: a daemon with few rights sees the host's containers by name and what kills them; headroom reads its board
# without any capability, and exports; a daemon with the right ends a container. What differs from the docs is in `documented`.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
for tool in ldd strip curl sha256sum; do need $tool; done
. "$(dirname "$0")/docker.inc"

containers='headroom headroom-export headroom-recorder drip hog'
HEADROOM_BUILD=$(cd "$build" && pwd)
export HEADROOM_BUILD
deploy/docker/build-local >"$work/built" || fail 'the images are not built'
mkdir "$work/again" "$work/shared" "$work/etc"
for target in daemon reader; do cp "$build/image/headroom-$target.tar" "$work/again/"; done
deploy/docker/build-local >"$work/built.again" || fail 'the images are not built again'
for target in daemon reader; do
	cmp "$build/image/headroom-$target.tar" "$work/again/headroom-$target.tar" || fail "$target: not the same bytes again"
done
rm -r "$work/again"
cat "$work/built"

BOARD=$work/shared/board # a daemon of our own
docker_start
for target in daemon reader; do docker load -q -i "$build/image/headroom-$target.tar" >/dev/null || fail 'docker load'; done

# Capabilities that this host cannot give are left out: old engines know neither BPF nor PERFMON, and this host may lack some.
may() { # capability: is it in this process's bounding set
	bound=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
	[ $((0x$bound >> $1 & 1)) = 1 ]
}
host=127.0.0.1:$(tests/free-ports)
documented() { # which of the documented commands; runs it
	awk -v wanted="$1" '/^<!-- tests.live.image.sh runs/ { n++ } /^```$/ { on = 0 }
		on && n == wanted { sub(/ *\\$/, ""); printf "%s ", $0 } /^```sh$/ { on = 1 }' docs/how-to/containers.md |
		sed -e "s| /run/headroom:| $work/shared:|; s| /etc/headroom:| $work/etc:|; s|-p [^ ]* |--network host |" \
			-e 's/--restart unless-stopped //' >"$work/command"
	docker version -f '{{.Server.Version}}' | grep -qE '^(1|20)\.' &&
		sed -i 's/--cap-add BPF --cap-add PERFMON/--cap-add SYS_ADMIN/' "$work/command"
	may 24 || sed -i 's/--cap-add SYS_RESOURCE //' "$work/command"
	may 23 || sed -i 's/--cap-add SYS_NICE //' "$work/command"
	sed -i 's/docker run -d/& --health-interval 1s/' "$work/command"
	sh "$work/command" || { cat "$work/command" >&2 && fail "docs/how-to/containers.md, command $1"; }
}

daemon_here() { # which of the documented commands
	documented "$1" >/dev/null
	wait_for 15 daemon_ready || { docker logs headroom >&2; fail 'no daemon'; }
}
daemon_ends() {
	docker stop -t 5 headroom >/dev/null && docker logs headroom >"$work/log" 2>&1
	[ "$(docker inspect -f '{{.State.ExitCode}}' headroom)" = 0 ] || fail "the daemon's exit status is not 0"
	! grep 'starting it again' "$work/log" >&2 || fail 'daemon or resolver fell'
	docker rm headroom >/dev/null
}

daemon_here 1
since=$(mark)
docker run --name drip --network none -m $limit --memory-swap $limit headroom-test:busybox sh -c "$leak"
# How soon is docker.sh's subject; a daemon with few rights comes after others where the machine is busy.
wait_for 10 event_after "$since" '.type == "oom_kill" and .victim.name == "drip"'
expect_leaky "$since" drip "$(docker inspect -f '{{.Id}}' drip)" headroom-test:busybox docker "$(now)"
snapshot | jq '.containers[] | select(.name == "headroom")' | expect '.runtime == "docker" and .image == "headroom-daemon"'
snapshot | expect ".host.node == \"$(uname -n)\"" "the host's name"
snapshot | expect '.host.guard.sources | .oom_kill != "memory.events" and .memcg_sweep != "cgroup files"' 'BPF'
docker exec headroom headroom ls --all | grep -q drip || fail 'headroom ls inside the container does not show drip'
healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' headroom)" = healthy ]; }
wait_for 10 healthy || { docker inspect -f '{{json .State.Health}}' headroom >&2 && fail 'not healthy'; }

documented 3 >"$work/listed" || fail 'headroom does not list'
grep -q '^headroom ' "$work/listed" || { cat "$work/listed" >&2 && fail 'headroom does not see the container headroom'; }
echo "export: {prometheus: {listen: \"$host\"}}" >"$work/etc/headroom.yaml"
documented 4 >/dev/null
ready() { curl -fsS --max-time 5 "http://$host/readyz"; }
wait_for 10 ready || { docker logs headroom-export >&2; fail 'the exporter is not ready'; }
curl -fsS "http://$host/metrics" | grep -q '^headroom_container_oom_kills_total{.*name="drip".* 1$' || fail "drip's kill is not exported"
docker top headroom-export -eo pid,uid,comm | grep -q " 9477 " || fail 'the exporter is not user 9477'
documented 5 >/dev/null
recorded() { docker exec headroom-recorder headroom recorder --status --json | ask '.snapshots > 0 and .events > 0'; }
wait_for 10 recorded || { docker logs headroom-recorder >&2; fail 'the recorder keeps nothing'; }
docker exec headroom-recorder headroom report | grep -q drip || fail "drip's end is no incident"
daemon_ends

cat >"$work/etc/headroom.yaml" <<'END_OF_FILE'
mode: enforce
policies:
  - {name: hogs, match: {name: hog}, when: {usage: 60%}, actions: [kill]}
END_OF_FILE
docker run -d --name hog --network none -m 64m --memory-swap 64m headroom-test:busybox \
	sh -c "sleep 3; tail -c 45000000 /dev/zero" >/dev/null || fail "docker run hog"
rm -f "$BOARD" "$BOARD".*
daemon_here 2
acted() { event_after 0 '.type == "action" and .action == "kill" and .target.name == "hog" and .result.ok'; }
wait_for 10 acted || { cli events | tail -n 20 >&2; docker logs headroom >&2; fail 'hog was not ended'; }
ended() { [ "$(docker inspect -f '{{.State.Running}} {{.State.OOMKilled}}' hog)" = 'false false' ]; }
wait_for 5 ended || fail 'hog runs on, or was OOM-killed'

# Root in a container that shares the board may not request actions: the control socket is the daemon's alone.
runs_on() { [ "$(docker inspect -f '{{.State.Running}}' headroom-export)" = true ]; }
docker run --rm --user 0:0 --network none -v "$work/shared:/run/headroom" headroom-reader kill headroom-export --yes >"$work/said" 2>&1 &&
	fail 'root in a container that shares the board ended another one'
grep -q 'not in this container' "$work/said" || fail "the reason is not told: $(cat "$work/said")"
runs_on || fail 'the exporter has ended'
docker exec headroom headroom kill headroom-export --yes >"$work/said" 2>&1 || fail "not in the daemon's container either: $(cat "$work/said")"
! runs_on || fail 'the exporter runs on'
daemon_ends
