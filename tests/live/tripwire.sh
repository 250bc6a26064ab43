# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The tripwire in each of its variants: near and over give records with the group's id, usage and threshold; no process is
# killed; a flood of other records does not drop them; there are none once it is disarmed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trigger.inc"

mb=1048576
one() { # variant, condition on the record's hook
	group_make wire $((160 * mb)) || fail 'cannot make a group'
	arm wire threshold=80MiB near=40MiB
	[ "$(arm_source tripwire)" != 'rss_stat while close' ] || arm_do close
	in_group wire "$workload" leak "$((100 * mb / slow))" 120MiB >"$work/ready" &
	hog=$!
	wait_for 10 grep -q ready "$work/ready" || fail 'does not fill'
	wait_for 2 arm_recorded tripwire wire "(.near | not) and $2" || fail "$1: no record"
	arm_records tripwire wire "(.near | not) and $2" | head -n 1 |
		expect ".usage_bytes >= $((80 * mb)) and .threshold_bytes == $((80 * mb))"
	[ "$(arm_source tripwire)" = 'rss_stat while close' ] ||
		arm_recorded tripwire wire ".near and $2 and .threshold_bytes == $((40 * mb))" || fail "$1: no record for near"
	alive $hog || fail "$1: a process was hit"
	[ "$(arm_times reflex wire)" = 0 ] || fail "$1: the reflex has killed, and was not asked for"
	arm_do "disarm $ours/wire"
	before=$(arm_times tripwire wire)
	in_group wire "$workload" -f 300ms hold 20MiB >/dev/null
	[ "$(arm_times tripwire wire)" = "$before" ] || fail "$1: a record after it was disarmed"
	echo "$1: known $(jq -s "[.[] | select(.record == \"tripwire\" and (.near | not) and $2) | .after_ms] | first" "$arm_out") ms after"
	kill -9 $hog
	group_remove wire
}

without=
for variant in eventfd 'BPF timer' 'rss_stat while close'; do
	HEADROOM_WITHOUT=$without arm_start
	if [ "$(arm_source tripwire)" = "$variant" ]; then
		case $variant in
		eventfd) one "$variant" '.hook == "eventfd"' ;;
		'BPF timer') one "$variant" '.hook == "timer"' ;;
		*) one "$variant" '.hook == "rss_stat" and .comm == "workload" and .pid > 0' ;;
		esac
	else
		echo "$variant: not on this kernel ($(jq -r 'select(.source == "tripwire") | .skipped' "$arm_out"))"
	fi
	arm_stop
	without="$variant;$without"
done
