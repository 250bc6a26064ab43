# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# BPF programs that are no longer called (a debugger closes their links) are noticed by what they should have reported: said,
# degraded, and loaded again; then OOM kills have their victims again.
. "$(dirname "$0")/lib.sh"
need gdb

group_make box 33554432 || fail 'cannot make a group'
# A daemon of its own: scenarios beside this one need theirs.
BOARD=$work/board
daemon_start || fail 'the daemon does not start'
snapshot | ask '.host.guard.sources.oom_kill | startswith("memory.events") | not' || skip "no BPF on this host: $(snapshot | jq -c .host.guard.degraded)"
main=$(snapshot | jq .host.guard.pid)
since=$(mark)
in_group box tail /dev/zero
described() { event_after "$since" ".type == \"oom_kill\" and .cgroup == \"$ours/box\" and .trigger.pid > 0"; }
wait_for 10 described || fail 'an OOM kill is not described at first'

# Every link of BPF programs, as a debugger can close it: the programs are freed, the daemon is not told.
links=
for at in "/proc/$main/fd"/*; do
	case $(readlink "$at") in *bpf*link*) links="$links ${at##*/}" ;; esac
done
[ "$links" ] || fail 'the daemon holds no links'
# shellcheck disable=SC2086 # a list
set -- $links
calls=
for fd; do calls="$calls -ex 'call (int)close($fd)'"; done
eval "timeout 60 gdb -q -batch -p $main $calls" >"$work/gdb.log" 2>&1 || skip "gdb: $(tail -n 1 "$work/gdb.log")"
gone=0
for fd; do [ -e "/proc/$main/fd/$fd" ] || gone=$((gone + 1)); done
[ $gone -gt 0 ] || skip "gdb closed none: $(tail -n 1 "$work/gdb.log")"

silent() { cli events --json --type guard | ask 'select(.what == "fallback" and (.text | test("not called")))'; }
again() { cli events --json --type guard | ask 'select(.what == "recovered" and (.text | test("loaded again")))'; }
wait_for 30 silent || fail "it is not said: $(cli events --json --type guard | jq -r .text)"
wait_for 60 again || fail "BPF is not loaded again: $(cli events --json --type guard | jq -r .text)"
clear() { snapshot | ask '.host.guard.degraded | map(.what) | index("bpf_silent") == null'; }
wait_for 5 clear || fail 'still said to be degraded'
since=$(mark)
in_group box tail /dev/zero
wait_for 10 described || fail "an OOM kill is not described afterwards: $(cli events --json | tail -n 3)"
[ "$(snapshot | jq .host.guard.pid)" = "$main" ] || fail 'the daemon is another one'
