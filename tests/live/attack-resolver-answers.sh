#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A resolver that a container has taken over sends garbage, answers that nothing asked for, or messages without end. The daemon
# takes none of it: each such resolver is ended and another one started, ever more rarely; said once; nothing harmful on the board; the
# daemon's CPU time stays low; kills go on being reported. When the true one is back, so are the names.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board
mkdir "$work/bin"
cp "$build/headroomd" "$work/bin/"
cp "$build/tools/bad-resolver" "$work/bin/headroom-resolver"
here=$PWD
echo 'interval: 300ms' >"$work/config"
daemon_cpu() { awk '{ print $14 + $15 }' "/proc/$(snapshot | jq .host.guard.pid)/stat"; }
resolvers() { pgrep -f "^$work/bin/headroom-resolver" | wc -l; }
degraded() { snapshot | ask '.host.guard.degraded[] | select(.what == "resolver" and (.text | test("wrong message")))'; }

for mode in ${HEADROOM_MODES:-garbage flood}; do # and: other
	rm -f "$BOARD"*
	echo $mode >"$work/mode"
	cd "$work" || exit 1
	"$work/bin/headroomd" --config "$work/config" --board "$BOARD" $no_lock >"$work/daemon.log" 2>&1 &
	daemon=$!
	cd "$here" || exit 1
	wait_for 60 daemon_attached || fail "$mode: the daemon does not start: $(cat "$work/daemon.log")"
	wait_for 10 degraded || fail "$mode: not listed as degraded: $(snapshot | jq -c .host.guard.degraded; cat "$work/daemon.log")"
	i=0
	while [ $i -lt "${HEADROOM_ROUNDS:-4}" ]; do
		group_make "n$i/sub" || fail 'cannot make a group'
		i=$((i + 1))
	done
	group_make plain 33554432 || fail 'cannot make a group'
	sweeps 4
	before=$(daemon_cpu)
	sweeps 3
	used=$(($(daemon_cpu) - before))
	[ $used -le $((100 * slow)) ] || fail "$mode: the daemon used $used/100 s of CPU time"
	[ "$(resolvers)" -le 1 ] || fail "$mode: $(resolvers) resolvers run"
	said=$(cli events --json --type guard | jq -s '[.[] | select((.text // "") | test("resolver"))] | length')
	[ "$said" -le 3 ] || fail "$mode: said $said times: $(cli events --json --type guard | jq -r .text)"
	[ "$(grep -c 'wrong message' "$work/daemon.log")" = 1 ] || fail "$mode: not once in the log: $(cat "$work/daemon.log")"
	if cli ls --all --json | jq -r '.containers[] | .name, .unit, .image, .pod, .cgroup' | grep -q -- 'pwn\|--privileged\|%s%n'; then
		fail "$mode: an answer of garbage is on the board"
	fi
	before=$(mark)
	in_group plain tail /dev/zero
	killed() { cli events --json --type oom_kill | ask "select(.seq > $before and .cgroup == \"$ours/plain\")"; }
	wait_for 10 killed || fail "$mode: an OOM kill is not reported"
	if [ $mode = flood ]; then
		rm "$work/bin/headroom-resolver"
		cp "$build/headroom-resolver" "$work/bin/"
		over() { snapshot | ask '.host.guard.degraded | map(.what) | index("resolver") == null'; }
		wait_for 60 over || fail "still degraded: $(snapshot | jq -c .host.guard.degraded; tail -n 3 "$work/daemon.log")"
		line() { cli events --json --type oom_kill | ask "select(.seq > $before and .cgroup == \"$ours/plain\") | .victim.cmdline"; }
		before=$(mark)
		in_group plain tail /dev/zero
		wait_for 10 line || fail 'the true resolver is not asked'
	fi
	daemon_stop
	group_remove plain
	i=0
	while [ $i -lt "${HEADROOM_ROUNDS:-4}" ]; do
		group_remove "n$i/sub" && group_remove "n$i"
		i=$((i + 1))
	done
done
[ ! -e "$work/pwned" ] || fail 'a shell ran what an answer held'
