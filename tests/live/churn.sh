# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A thousand groups come and go while the daemon looks, and some of them are OOM-killed: every OOM kill is an event, none of
# the groups stays listed as running, and lost records are counted.
. "$(dirname "$0")/lib.sh"

count=1000
[ $slow = 1 ] || count=200
deaths=5
wait_for 10 daemon_ready || fail 'no daemon'
group_make churn || fail 'cannot make a group'
[ $v = 1 ] || echo +memory >"$(group_dir churn)/cgroup.subtree_control"
dir=$(group_dir churn)
since=$(mark)
lost_before=$(snapshot | jq .host.guard.events_lost_total)
i=0
while [ $i -lt $count ]; do
	mkdir "$dir/c$i" || fail "cannot make group $i"
	if [ $((i % (count / deaths))) = 0 ]; then
		echo 8388608 >"$dir/c$i/$(limit_file)"
		in_group "churn/c$i" tail /dev/zero
	fi
	[ $i -lt 50 ] || rmdir "$dir/c$((i - 50))"
	i=$((i + 1))
done
rmdir "$dir"/c[0-9]*

killed() { cli events --json | jq -r "select(.seq > $since and .type == \"oom_kill\" and
	(.victim.cgroup | startswith(\"$ours/churn/\"))) | .victim.cgroup" | sort -u | wc -l; }
all_killed() { [ "$(killed)" = $deaths ]; }
lost() { echo $(($(snapshot | jq .host.guard.events_lost_total) - lost_before)); }
wait_for 5 all_killed || [ "$(lost)" -gt 0 ] || fail "$(killed) of $deaths kills were reported, and nothing is counted as lost"
settled() { snapshot | ask "[.containers[] | select(.state == \"running\" and (.cgroup | startswith(\"$ours/churn/\")))] |
	length == 0"; }
wait_for 5 settled || fail 'removed groups are still listed as running'
echo "$count groups; $(killed) of $deaths kills reported, $(lost) records lost"
