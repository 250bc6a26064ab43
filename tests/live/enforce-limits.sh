# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# memory.reclaim and memory.high: what they bring, where they are left alone, and that they end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

group_make box || fail 'cannot make a group'
if [ $v = 1 ]; then
	workload_start box hold 8M
	enforce --bytes 4M reclaim "cgroup:$ours/box" && answered '.status == "skipped" and .detail == "cgroup v1 has no memory.reclaim"'
	enforce --bytes 4M throttle "cgroup:$ours/box" && answered '.status == "skipped" and .detail == "cgroup v1 has no memory.high"'
	exit 0
fi
high() { cat "$(group_dir box)/memory.high"; }

# anonymous memory without swap can't be got at: not tried, since it would stall
workload_start box hold 32M
enforce --bytes 16M throttle "cgroup:$ours/box" && answered '.status == "skipped" and (.detail | test("can be reclaimed: it would stall"))'
[ "$(high)" = max ] || fail 'memory.high was set'
enforce --bytes 0 throttle "cgroup:$ours/box" && answered '.status == "refused"' 'a throttle without a value'

swap_on || exit 0
reclaims=
[ ! -f "$(group_dir box)/memory.reclaim" ] || reclaims=1
enforce --bytes 8M reclaim "cgroup:$ours/box"
if [ $reclaims ]; then
	answered '.status == "done" and .freed_bytes >= 7000000 and .freed_bytes < 16000000' 'what was asked for, by usage'
else
	answered '.status == "skipped" and (.detail | test("no memory.reclaim"))'
fi

# Cache only: there is none, and nothing is swapped out. A kernel before 6.11 says so.
if [ $reclaims ]; then
	enforce --bytes 8M --swappiness 0 reclaim "cgroup:$ours/box"
	answered '(.status == "failed" and (.detail | test("nothing"))) or (.status == "skipped" and (.detail | test("takes no swappiness")))' 'with swappiness 0'
fi

# in force until its time is up; what was there before comes back. The workload keeps charging: since 6.16 the writer does not
# reclaim for it (O_NONBLOCK), the next charge does.
kill -KILL "$workload_pid"
wait_for 10 empty box || fail 'the workload still runs'
workload_start box sawtooth 24M 32M 2s
# By memory.stat, which the action reads too, and which is late on 5.10: it may still show the one before, so the usage counts as well.
grown() { [ "$(usage box)" -gt 22000000 ] && [ "$(awk '$1 == "anon" { print $2 }' "$(group_dir box)/memory.stat")" -gt 22000000 ]; }
wait_for 10 grown || fail "the workload uses $(usage box) only"
echo 100M >"$(group_dir box)/memory.high"
: >"$work/answer" # not the answer before this one
"$try" --undo "$work/undo" --bytes 20M --for "$((slow / 2 + 2))s" --hold 60s throttle "cgroup:$ours/box" >"$work/answer" &
holder=$!
wait_for 10 [ -s "$work/answer" ] || fail 'no answer'
answered '.status == "done"'
[ "$(high)" = 20971520 ] || fail "memory.high is $(high)"
settled() { [ "$(usage box)" -lt 23000000 ]; }
wait_for 5 settled || fail "usage stayed at $(usage box)"
lifted() { [ "$(high)" = 104857600 ]; }
wait_for 5 lifted || fail "memory.high stayed at $(high)"
kill -KILL $holder

# never above one that is lower already
echo 10M >"$(group_dir box)/memory.high"
enforce --bytes 20M throttle "cgroup:$ours/box" && answered '.status == "skipped" and (.detail | test("already"))'
[ "$(high)" = 10485760 ] || fail 'memory.high was changed'
echo max >"$(group_dir box)/memory.high"

# 10M may have swapped out nearly all of it, and nothing of 1 MiB can be reclaimed: another one
kill -KILL "$workload_pid"
wait_for 10 empty box || fail 'the workload still runs'
workload_start box sawtooth 24M 32M 2s
wait_for 10 grown || fail "the workload uses $(usage box) only"

# lifted early on request, and when the daemon closes in good order
enforce --bytes 20M --for 100s --lift --hold 1s throttle "cgroup:$ours/box" && answered '.status == "done"'
[ "$(high)" = max ] || fail 'not lifted'
enforce --bytes 20M --for 100s throttle "cgroup:$ours/box" && answered '.status == "done"'
[ "$(high)" = max ] || fail 'not lifted on closing'
# twice: the second replaces the first, and what was there before is not forgotten
enforce --bytes 20M --for 100s --times 2 throttle "cgroup:$ours/box"
[ "$(jq -r .status "$work/answer" | sort | uniq -c | tr -s ' ')" = ' 2 done' ] || fail "$(cat "$work/answer")"
[ "$(high)" = max ] || fail 'not lifted after two'
"$try" --undo "$work/undo" undo | expect '.restored == 0' 'nothing is left in the undo table'
