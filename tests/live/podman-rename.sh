# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Podman: `podman rename` and `podman update` of running containers. See rename.inc.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/engine.inc"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/rename.inc"
need podman
need runc

name=headroom-web-$$ image=localhost/headroom-test-$$:busybox
podman_() { (cd "$work" && podman --runtime runc --cgroup-manager cgroupfs "$@"); }
scenario_clean_up() { { podman_ rm -f -t 0 "$name" "${name}_old" "${name}_new"; podman_ rmi "$image"; } >/dev/null 2>&1; }
tree_make "$work/tree"
tar -C "$work/tree" -c . | podman_ import - "$image" >/dev/null 2>"$work/err" ||
	skip "podman cannot import here: $(tail -n 1 "$work/err")"
# shellcheck disable=SC3045 # dash and busybox have it
files=$(ulimit -Hn)
case $files in unlimited) files=1048576 ;; esac
engine=podman_ run="--ulimit nofile=$((files / 2)):$((files / 2)) --ulimit nproc=1024:1024"
rename_scenario "$name" "${name}_new" podman
