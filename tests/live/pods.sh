# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Pods in the kubelet's layout. One container with its pod's limit: the container raises the one alarm, and the kill was warned of from
# that event on. One with a limit of its own in a larger pod: its sibling, which it can't endanger, stays calm.
. "$(dirname "$0")/lib.sh"

[ $v = 2 ] || skip 'the sum of limits is judged on cgroup v2'
id() { printf '%s%063d' "$1" 0; }
one=kubepods/burstable/pod8e90aaaa-1111-2222-3333-444455556666
two=kubepods/kubepods-burstable.slice/kubepods-burstable-pod8e90bbbb_1111_2222_3333_444455556666.slice
app=$one/$(id a) pause=$one/$(id b) capped=$two/cri-containerd-$(id c).scope sibling=$two/cri-containerd-$(id d).scope

group_make "$one" 33554432 && group_make "$app" 33554432 && group_make "$pause" && group_make "$two" 104857600 &&
	group_make "$capped" 25165824 && group_make "$sibling" || fail 'cannot make the groups'
in_group "$pause" sleep 600 &
in_group "$sibling" "$workload" hold 50MiB &
big() { snapshot | ask "$(entry "$sibling") | select(.usage_bytes > 50000000)"; }
wait_for 10 big || fail 'the sibling is not there'
sweeps 2
# What it took at its start is no growth by now.
quiet() { snapshot | ask "$(entry "$sibling") | select(.risk < 2 and .drift_bytes_per_second < 50000)"; }
wait_for 60 quiet || fail 'the sibling has not come to rest'
since=$(mark)
in_group "$app" "$workload" leak 4194304 &
in_group "$capped" "$workload" leak 3145728 &

# In one snapshot each, for it is gone soon.
near() { snapshot >"$work/near" && ask "$(entry "$capped") | select(.alarm != \"none\" and .usage_bytes > 15000000)" <"$work/near"; }
wait_for 20 near || fail 'the container near its own limit has no alarm'
figures='{cgroup, usage_bytes, headroom_bytes, alarm, risk, oom_in_seconds, drift_bytes_per_second, reasons: [.reasons[].text]}'
ask "$(entry "$sibling") | $figures" <"$work/near" | expect '.alarm == "none" and .risk < 25 and (.oom_in_seconds == null or .oom_in_seconds.p50 > 600)' 'a calm sibling'
ask "$(entry "$two") | $figures" <"$work/near" | expect '.alarm == "none" and .risk < 25 and .drift_bytes_per_second > 100000' 'a calm pod'

killed() { event_after "$since" ".type == \"oom_kill\" and .cgroup == \"$ours/$app\" and .victim.pid > 0"; }
wait_for 20 killed || fail 'no OOM kill'
killed >"$work/kill"
cli events --json | jq -c "select(.seq > $since and .type == \"risk\" and (.to == \"warn\" or .to == \"act\"))" >"$work/risks"
[ "$(jq -r .cgroup "$work/risks" | sort -u)" = "$(printf '%s\n' "$ours/$app" "$ours/$capped" | sort)" ] ||
	fail "alarms of others: $(cat "$work/risks")"
grep "$app" "$work/risks" | head -n 1 | ask .time >"$work/first"
# Of one moment: the first alarm is the warning. Hours cancel each other, but for midnight.
at='def at: .[11:13] as $h | .[14:16] as $m | (($h | tonumber) * 60 + ($m | tonumber)) * 60 + (.[17:26] | tonumber);'
jq -s "$at .[0] as \$kill | (\$kill.time | at) - (.[1] | at) - \$kill.forecast.warned_seconds_before | . > -0.2 and . < 0.2" \
	"$work/kill" "$work/first" | ask . || fail "warned at $(cat "$work/first"): $(cat "$work/kill")"
expect '.forecast.warned_seconds_before > 0.5' 'time to react' <"$work/kill"
