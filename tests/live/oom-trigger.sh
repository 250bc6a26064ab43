# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The trigger is not the victim: a small process hits the limit, the large one beside it is killed.
. "$(dirname "$0")/lib.sh"

group_make pod 104857600 && group_make pod/big && group_make pod/small || fail 'cannot make the groups'
since=$(mark)
# 80 MB that stay; then little ones, until the limit is met.
in_group pod/big "$workload" hold 80MB &
usage=$(group_dir pod)/$([ $v = 2 ] && echo memory.current || echo memory.usage_in_bytes)
grown() { [ "$(cat "$usage")" -gt 75000000 ]; }
wait_for 5 grown || fail 'the large one did not grow'
in_group pod/small "$workload" fork 6 12MB &
# Of the large one: beside a load the kernel may kill a little one as well, before the large one's memory is free (7.3), and its event may come first.
of_big=".type == \"oom_kill\" and .limit.cgroup == \"$ours/pod\" and .victim.cgroup == \"$ours/pod/big\""
wait_for 10 event_after "$since" "$of_big" || fail "no oom_kill event: $(cli events --json --type oom_kill | tail -n 3)"
event_after "$since" "$of_big" >"$work/event"
expect ".trigger.cgroup == \"$ours/pod/small\"" <"$work/event"
expect '.trigger.pid != .victim.pid and .victim.anon_bytes > 70000000' <"$work/event"
expect '.limit.level == "ancestor"' <"$work/event"
