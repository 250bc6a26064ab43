# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A container leaks to its OOM kill: afterwards its forecasts are compared with it, and were right. A container without alarm and
# kill is not counted; the score outlives the container, and the daemon.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own, on our cgroups only: its score counts every cgroup that it watches
group_make calm || fail 'cannot make a group'
daemon_start --scope "$ours" || fail 'the daemon does not start'
score() { snapshot | ask "$1"; }

snapshot >"$work/ls"
expect '.host.forecasts | .warn == {"right":0,"wrong":0,"undecided":0,"precision":null} and .oom_kills.warned == 0' <"$work/ls"
expect '.host.forecasts | .times.checked == 0 and .time_error.median == null and .risks.observed == 0' <"$work/ls"

# 50 MiB in about 25 s.
rate=2097152 limit=52428800
group_make leak $limit || fail 'cannot make the groups'
in_group calm sleep 600 &
since=$(mark)
in_group leak "$workload" leak $rate &
wait_for 60 event_after "$since" ".type == \"risk\" and .cgroup == \"$ours/leak\" and .from == \"none\"" ||
	fail 'no warning before the kill'
wait_for 60 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/leak\"" || fail 'it was never killed'

once='.host.forecasts | .oom_kills.warned == 1 and .oom_kills.missed == 0 and .warn.right == 1 and .warn.wrong == 0'
wait_for 3 score "$once" || snapshot | jq .host.forecasts | expect "${once#.host.forecasts | }" 'one warning, right, of one kill'
snapshot >"$work/ls"
expect '.host.forecasts | .act.wrong == 0 and .act.right <= 1 and .stalls.missed == 0' <"$work/ls"
expect '.host.forecasts | .times.checked >= 1 and .time_error.median < 0.5' 'times to OOM that came true' <"$work/ls"
expect '.host.forecasts | (.time_error.counts | add) == .times.checked and (.lead_seconds.counts | add) == 1' <"$work/ls"
expect '.host.forecasts.lead_seconds.sum > 1' 'seconds of notice' <"$work/ls"
event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/leak\"" >"$work/kill"
expect '.forecast.warned_seconds_before > 1' <"$work/kill"

# What held the memory, read at the warning.
event_after "$since" ".type == \"memory_map\" and .cgroup == \"$ours/leak\" and .since_seconds == null" >"$work/map" || fail 'no memory map'
expect '.comm == "workload" and .resident_bytes > 10000000 and .took_seconds < 5' <"$work/map"
expect '.regions[0] | .kind == "anonymous" and .resident_bytes > 10000000' 'the leak is by far the largest part' <"$work/map"
[ "$(cli events --type memory_map --json | jq -s "[.[] | select(.cgroup == \"$ours/leak\")] | length")" -le 2 ] || fail 'too many maps'

cli report leak | grep -q 'memory map.*workload' || fail 'the report has no memory map'

# The same in words.
cli check >"$work/check" 2>&1
grep -q 'forecasts .*1 of 1 warning came true.*1 of 1 OOM kill was announced' "$work/check" || fail "$(cat "$work/check")"
cli explain "cgroup:$ours/leak" >"$work/words" || fail 'nothing to explain'
grep -q 'Memory map of workload\[[0-9]*\], .* ago: [0-9.]* MiB: [0-9]*% other anonymous memory' "$work/words" || fail "$(cat "$work/words")"
grep -q 'Forecasts on this host so far: 1 of 1 warning came true' "$work/words" || fail "$(cat "$work/words")"

# It outlives the container …
group_remove leak
gone() { snapshot | ask "$(entry leak) | select(.state == \"gone\")"; }
wait_for 5 gone || fail 'the group is not gone'
score "$once" >/dev/null || fail 'the score was lost with the container'
# … and the daemon.
daemon_stop
daemon_start --scope "$ours" || fail 'the daemon does not start again'
score "$once" >/dev/null || fail 'the score was lost with the daemon'

# A kill without warning is counted as missed.
since=$(mark)
group_make blow $limit || fail 'cannot make a group'
in_group blow "$workload" burst 300MiB 1500ms &
wait_for 20 event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/blow\"" || fail 'it was never killed'
missed() { score '.host.forecasts.oom_kills | .warned + .missed == 2'; }
wait_for 3 missed || snapshot | jq .host.forecasts.oom_kills | expect '.warned + .missed == 2'

# Where headroom itself acts, the forecast is judged neither right nor wrong: what would have followed is unknown.
daemon_stop
cat >"$work/config" <<END
mode: enforce
policies:
  - name: relief
    match: {cgroup: "$ours/acted"}
    when: {usage: 94%}
    actions: [kill]
END
daemon_start --scope "$ours" --config "$work/config" || fail 'the daemon does not start with a policy'
before=$(score '.host.forecasts.warn.undecided + 1') # ask takes 0 for no answer
since=$(mark)
group_make acted $limit || fail 'cannot make a group'
in_group acted "$workload" leak $rate &
wait_for 60 event_after "$since" '.type == "action" and .result.status == "done"' ||
	wait_for 1 event_after "$since" '.type == "action"' || fail 'the policy did not act'
cut() { score ".host.forecasts | .warn.undecided >= $before and .warn.wrong == 0"; }
wait_for 3 cut || snapshot | jq .host.forecasts.warn | expect ".undecided >= $before" 'the alarm is cut'
