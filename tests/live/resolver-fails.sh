# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A resolver that does not start, as under a limit on address space: no endless loop of restarts, said once, listed as degraded;
# cgroups keep the names that their paths give. When it starts after all, names follow and the entry goes.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own, in a place where its resolver can be replaced
mkdir "$work/bin"
cp "$build/headroomd" "$work/bin/"
cat >"$work/bin/headroom-resolver" <<E
#!/bin/sh
echo start >>$work/starts
exit 127
E
chmod +x "$work/bin/headroom-resolver"
"$work/bin/headroomd" --board "$BOARD" >"$work/daemon.log" 2>&1 &
daemon=$!
wait_for 60 daemon_attached || fail "the daemon does not start: $(cat "$work/daemon.log")"
group_make plain 33554432 || fail 'cannot make a group'
in_group plain sleep 600 &
wait_for 5 seen plain || fail 'the group is not listed'
degraded() { snapshot | ask '.host.guard.degraded[] | select(.what == "resolver" and (.text | test("status 127")))'; }
wait_for 10 degraded || fail "not listed as degraded: $(snapshot | jq -c .host.guard.degraded)"
degraded
cli ls --all | grep -q "${ours#/}/plain\|plain" || fail 'no name by its path'
sweeps 8
starts=$(wc -l <"$work/starts")
# 50 ms, 100 ms, 200 ms …: within N seconds about log2(20 N) + 1 starts
[ "$starts" -le 12 ] || fail "$starts starts: $(cat "$work/daemon.log")"
said=$(cli events --json --type guard | jq -s '[.[] | select(.what == "resolver" or ((.text // "") | test("resolver")))] | length')
[ "$said" -le 6 ] || fail "said $said times: $(cli events --json --type guard | jq -r .text)"
[ "$(grep -c resolver "$work/daemon.log")" -le 6 ] || fail "in the log again and again: $(cat "$work/daemon.log")"
in_group plain tail /dev/zero
counted() { snapshot | ask "$(entry plain) | select(.oom_kills_total == 1)"; }
wait_for 10 counted || fail 'an OOM kill without a resolver is not counted'

rm "$work/bin/headroom-resolver" # not in place: it may be running
cp "$build/headroom-resolver" "$work/bin/"
over() { snapshot | ask '.host.guard.degraded | map(.what) | index("resolver") == null'; }
wait_for 60 over || fail "still degraded: $(snapshot | jq -c .host.guard.degraded; tail -n 3 "$work/daemon.log")"
command_line() { cli events --json --type oom_kill | ask "select(.seq > $before and .cgroup == \"$ours/plain\") | .victim.cmdline"; }
before=$(mark)
in_group plain tail /dev/zero
wait_for 10 command_line || fail 'the resolver that is back is not asked'
