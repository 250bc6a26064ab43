# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The daemon never allocates once it runs: five hundred groups come and go, twenty of them are OOM-killed, and not a byte
# of its heap has moved.
. "$(dirname "$0")/lib.sh"

count=500 deaths=20
[ $slow = 1 ] || count=100 deaths=4
BOARD=$work/board # a daemon of our own: other groups would make a shared one grow
echo 'interval: 200ms' >"$work/config" # the heap is looked at with every eighth sweep
group_make churn || fail 'cannot make a group'
[ $v = 1 ] || echo +memory >"$(group_dir churn)/cgroup.subtree_control"
dir=$(group_dir churn)

# One group that survives and one that is OOM-killed before the count begins: what is reserved at first use is reserved by then.
churn() { # first, last, one in so many dies
	i=$1
	while [ "$i" -le "$2" ]; do
		mkdir "$dir/c$i" || fail "cannot make group $i"
		if [ $((i % $3)) = 0 ]; then
			echo 8388608 >"$dir/c$i/$(limit_file)"
			in_group "churn/c$i" tail /dev/zero
		fi
		[ "$i" -lt $(($1 + 20)) ] || rmdir "$dir/c$((i - 20))"
		i=$((i + 1))
	done
	rmdir "$dir"/c[0-9]*
}
daemon_fact() { snapshot | jq -r ".host.guard.$1"; }
settle() { sweeps 9; }

daemon_start --config "$work/config" || fail 'the daemon does not start'
churn 1 2 2
settle
before=$(daemon_fact heap_bytes) capacity=$(daemon_fact capacity)
[ "$before" != 0 ] || skip 'a sanitizer keeps the heap to itself'
churn 1 $count $((count / deaths))
settle
[ "$(daemon_fact capacity)" = "$capacity" ] || skip "the daemon had to grow meanwhile: too many groups came by"
after=$(daemon_fact heap_bytes)
[ "$after" = "$before" ] || fail "the heap was $before bytes, is $after after $count groups and $deaths kills"
reported=$(cli events --json | jq -r 'select(.type == "oom_kill") | .victim.cgroup' | grep -c "^$ours/churn/")
[ "$reported" -ge $deaths ] || [ "$(daemon_fact events_lost_total)" -gt 0 ] || fail "only $reported of $deaths kills were reported"
echo "$before bytes of heap before and after $count groups and $reported kills"
