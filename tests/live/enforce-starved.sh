# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A victim that gets no CPU time can't free its own memory: process_mrelease frees it from outside, and where the kernel has
# none the victim gets CPU time. Measured with the one, with the other and with neither, beside a hog on the same CPU; the
# figures are printed (docs/internals/actions-measurements.md).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"
need chrt
need taskset
size=${SIZE:-500M}

cpu=$(($(getconf _NPROCESSORS_ONLN) - 1))
group_make box || fail 'cannot make a group'
hog=
scenario_clean_up() { [ -z "$hog" ] || kill -KILL "$hog" 2>/dev/null; }

# option…: one victim that only runs when its CPU is idle, which it is not; prints ms until half of its memory was gone
starve() {
	workload_start box hold "$size"
	taskset -pc "$cpu" "$workload_pid" >/dev/null && chrt --idle -p 0 "$workload_pid" || fail 'cannot starve it'
	taskset -c "$cpu" sh -c 'while :; do :; done' &
	hog=$!
	wait_for 10 runs $hog || fail 'the hog does not get the CPU'
	enforce --deadline 10s "$@" kill "cgroup:$ours/box"
	kill -KILL "$hog"
	wait "$hog" 2>/dev/null
	hog=
	wait_for 30 empty box || fail 'the victim still runs without the hog'
	jq -r '.freed_after_ms // 10000' "$work/answer"
}

for round in 1 2 3; do
	starve >"$work/with.$round"
	echo "$size, starved, with process_mrelease: $(cat "$work/with.$round") ms"
done
starve --no-reap >"$work/hurried"
echo "$size, starved, with CPU time of its own instead: $(cat "$work/hurried") ms"
starve --no-reap --no-hurry >"$work/without"
echo "$size, starved, without: $(cat "$work/without") ms"
with=$(sort -n "$work"/with.* | sed -n 2p)
awk -v with="$with" -v without="$(cat "$work/without")" 'BEGIN { exit !(with * 10 < without) }' ||
	fail "it is not ten times as fast: $with ms against $(cat "$work/without") ms"
