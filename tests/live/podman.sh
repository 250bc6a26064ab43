# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Podman, with runc (crun refuses the hybrid hierarchy): the container is known by name.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
need podman
need runc

name=headroom-leaky-$$ image=localhost/headroom-test-$$:busybox
# Not in the checkout: conmon leaves a file "oom" in its working directory.
podman_() { (cd "$work" && podman --runtime runc --cgroup-manager cgroupfs "$@"); }
scenario_clean_up() { { podman_ rm -f -t 0 "$name"; podman_ rmi "$image"; } >/dev/null 2>&1; }
tree_make "$work/tree"
tar -C "$work/tree" -c . | podman_ import - "$image" >/dev/null 2>"$work/err" ||
	skip "podman cannot import here: $(tail -n 1 "$work/err")"
# shellcheck disable=SC3045 # dash and busybox have it
files=$(ulimit -Hn)
case $files in unlimited) files=1048576 ;; esac
since=$(mark)
# Podman asks for more than this machine may let it have, unless configured otherwise.
id=$(podman_ run -d --name "$name" --network none --ulimit nofile=$((files / 2)):$((files / 2)) \
	--ulimit nproc=1024:1024 -m $limit --memory-swap $limit "$image" sh -c "$leak" 2>"$work/err") || skip "podman cannot run here: $(tail -n 1 "$work/err")"
podman_ wait "$name" >/dev/null 2>&1
expect_leaky "$since" "$name" "$id" "$image" podman "$(now)"
