# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Containers that fill with page cache at their start (an index, a model, a backup, a download): read, mapped, written; nothing is in danger, whatever the usage says. No alarm
# `act`, no action of an enforcing daemon by time, risk, headroom or what is used. HEADROOM_ROUNDS=1000: as many starts; four at a time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/disk.inc"

rounds=20 at_once=4
[ -z "${HEADROOM_VM:-}" ] || rounds=8 at_once=2
rounds=${HEADROOM_ROUNDS:-$rounds} at_once=${HEADROOM_AT_ONCE:-$at_once}
kinds=${HEADROOM_KINDS:-read map read populate read write read dirty}

daemon_that_ends
"$build/headroom" events --follow --json --type risk,action,oom_kill --board "$BOARD" >"$work/events" &
follower=$!
scenario_clean_up() { kill "$follower" 2>/dev/null; }

group_make first && group_remove first # the parent of all, before several make it at once
start() { # number: one container, from its cgroup to its end
	# shellcheck disable=SC2086 # a list
	set -- "$1" $kinds
	number=$1 && shift
	shift $((number % $#)) # a kind by turns
	kind=$1
	size=$((50 + number * 37 % 151)) limit=$((16 << number % 5)) # MiB: 50 to 200 into 16 to 256
	case $((number % 4)) in 0) speed=100MiB ;; 1) speed=500MiB ;; 2) speed=1GiB ;; *) speed=0 ;; esac
	group_make "$kind-$number" $((limit << 20)) || fail 'cannot make a group'
	in_group "$kind-$number" "$workload" --for 1500ms file "$kind" "$disk" ${size}MiB $speed >/dev/null 2>&1 ||
		echo "$kind-$number: $size MiB into $limit MiB at $speed a second" >>"$work/ended"
	group_remove "$kind-$number"
}
lane() {
	n=$1
	while [ "$n" -lt "$rounds" ]; do
		start "$n"
		n=$((n + at_once))
	done
}
began=$(cut -d. -f1 /proc/uptime) lanes=
for n in $(seq 0 $((at_once - 1))); do
	lane "$n" &
	lanes="$lanes $!"
done
# shellcheck disable=SC2086 # a list
wait $lanes
sweeps 1
count() { jq -c "select((.cgroup // \"\") | startswith(\"$ours/\")) | select($1)" "$work/events" | tee -a "$work/$2" | wc -l; }
acts=$(count '.type == "risk" and .to == "act"' wrong)
actions=$(count '.type == "action"' wrong)
kills=$(count '.type == "oom_kill"' kills)
warns=$(count '.type == "risk" and .to == "warn"' warns)
ended=$(wc -l 2>/dev/null <"$work/ended" || echo 0)
echo "$rounds starts in $(($(cut -d. -f1 /proc/uptime) - began)) s: $acts act, $warns warn, $actions actions, $kills kernel OOM kills, $ended ended early"
[ "$acts$actions" = 00 ] || {
	head -n 8 "$work/ended"
	jq -c '{time, type, cgroup, policy, action, usage_bytes, inputs, oom_in_seconds, risk, reasons}' "$work/wrong" | head -n 6 | fold -w 380
	fail 'an alarm or an action where nothing was in danger'
}
