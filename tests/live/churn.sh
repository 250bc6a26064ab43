# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A thousand groups come and go while the guard looks: none stays listed as running, and if anything was lost it is
# counted, not hidden.
. "$(dirname "$0")/lib.sh"

count=1000
[ $slow = 1 ] || count=300
group_make churn || fail 'cannot make a group'
[ $v = 1 ] || echo +memory >"$(group_dir churn)/cgroup.subtree_control"
since=$(mark)
dir=$(group_dir churn)
i=0
while [ $i -lt $count ]; do
	mkdir "$dir/c$i"
	[ $i -lt 50 ] || rmdir "$dir/c$((i - 50))"
	i=$((i + 1))
done
rmdir "$dir"/c*

settled() { snapshot | jq -e "[.containers[] | select(.state == \"running\" and (.cgroup | startswith(\"$ours/churn/\")))] |
	length == 0"; }
wait_for 5 settled || fail 'removed groups are still listed as running'
face events --json | jq -c "select(.seq > $since and .type == \"container\" and (.cgroup // \"\" |
	startswith(\"$ours/churn/\")))" >"$work/events"
came=$(jq -r 'select(.what == "appeared") | .cgroup' "$work/events" | sort -u | wc -l)
went=$(jq -r 'select(.what == "gone") | .cgroup' "$work/events" | sort -u | wc -l)
lost=$(snapshot | jq .host.guard.events_lost_total)
echo "$count made; $came told as come, $went as gone, $lost records lost"
first=$(face events --json | jq -s 'map(.seq) | min')
if [ "$came" -lt $count ] && [ "$lost" = 0 ] && [ "$first" -le "$since" ]; then
	fail 'some were not told, nothing was counted as lost, and the ring was not lapped'
fi
wait_for 3 face ls --json || fail 'the guard does not answer any more'
