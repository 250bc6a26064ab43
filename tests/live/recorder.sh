# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The recorder with a real daemon and a real OOM kill: snapshots, events and the incident can be read after both have ended.
# Then its failure modes, in short.
. "$(dirname "$0")/lib.sh"

BOARD=$work/board # a daemon of our own: it ends
HEADROOM_HISTORY=$work/h.db
export HEADROOM_HISTORY
recorder=
scenario_clean_up() { [ -z "$recorder" ] || kill -9 "$recorder" 2>/dev/null; }
status() { "$build/headroom" recorder --status --json 2>/dev/null | jq -e "$1"; }

# The recorder starts first, and waits for the daemon.
"$build/headroom" recorder --board "$BOARD" --interval 1s 2>"$work/recorder.log" &
recorder=$!
daemon_start || fail 'the daemon does not start'
wait_for 10 status '.snapshots > 0' || fail "nothing is recorded: $(cat "$work/recorder.log")"

group_make victim $((32 << 20))
last_snapshot() { "$build/headroom" ls --json --all --at 0s --board "$work/none"; }
recorded() { last_snapshot | jq -e --arg cgroup "$ours/victim" 'any(.containers[]; .cgroup == $cgroup and .state == "running")'; }
wait_for 10 recorded || fail "the group is not in a snapshot: $(last_snapshot | jq -c .containers[].cgroup)"
in_group victim "$workload" leak 20M >/dev/null 2>&1
wait_for 10 status '.incidents > 0 and .frozen_snapshots > 1' || fail "the kill is no incident: $(status .)"
kill_recorded() {
	last_snapshot | jq -e --arg cgroup "$ours/victim" '.containers[] | select(.cgroup == $cgroup) | .oom_kills_total > 0'
}
wait_for 10 kill_recorded || fail "the group is not in the last snapshot, or without its kill: $(last_snapshot | jq -c .containers[].cgroup)"
daemon_stop
kill -TERM $recorder
wait $recorder || fail "the recorder ended with $?: $(cat "$work/recorder.log")"
recorder=

"$build/headroom" events --type oom_kill --history "$HEADROOM_HISTORY" --json |
	jq -e --arg cgroup "$ours/victim" 'select(.cgroup == $cgroup or .container.cgroup == $cgroup or .victim.cgroup == $cgroup)' >/dev/null ||
	fail 'the kill is not in the history'
[ "$(status .events_missed)" = 0 ] || fail 'events were missed'
kill_recorded >/dev/null || fail 'the kill is not in the last snapshot'
"$build/headroom" explain host --at 0s --board "$work/none" >"$work/explain" || fail 'explain --at finds no picture'

# A policy test on the history: the policy would have ended the group; one on what it never used would not.
tested() { # MiB
	printf 'mode: dry-run\npolicies:\n  - name: tested\n    match: {cgroup: "*/victim"}\n    when: {used: %sMiB}\n    actions: [kill]\n' "$1" >"$work/policy.yaml"
	"$build/headroom" policy test "$work/policy.yaml" --since '1 hour ago' --json | jq -r 'select(.decision == "action") | .action' | head -n 1
}
[ "$(tested 20)" = kill ] || fail "the policy at 20 MiB does nothing in the history"
[ "$(tested 40)" = '' ] || fail "the policy at 40 MiB acts in the history"

# A new board knows nothing of the kill: events, explain and report have it from the history.
rm -f "$BOARD"
daemon_start || fail 'the daemon does not start again'
victim=cgroup:$ours/victim
ours_says() { HEADROOM_BOARD=$BOARD "$build/headroom" "$@"; }
wait_for 10 ours_says explain "$victim" || fail 'the group is not on the new board'
ours_says explain "$victim" >"$work/explain"
id=$(sed -n 's/^Last OOM kill: .*headroom report \([0-9T]*-[0-9]*\)$/\1/p' "$work/explain" | tail -n 1)
[ "$id" ] || fail "explain does not name the kill: $(cat "$work/explain")"
ours_says report "$id" | grep -q '^# OOM kill' || fail "report $id is not its post-mortem"
ours_says events "$victim" --type oom_kill | grep -q OOM-killed || fail 'events has not the kill of the group'

# One kill, however many parts the history is read in; seconds are too little for a limit.
ours_says recommend "$victim" --since 2d --json >"$work/recommend" && fail 'recommend gives a limit after seconds'
jq -e '.containers[0] | .evidence.oom_kills == 1 and .evidence.killed_at_limit_bytes == 33554432 and .recommendation.verdict == "too_little_history" and
	.recommendation.samples > 1' "$work/recommend" >/dev/null || fail "recommend: $(cat "$work/recommend")"
daemon_stop

BUILD=$build TMPDIR=$work tools/torture-recorder --quick >"$work/torture" 2>&1 || fail "$(grep -v ^good "$work/torture")"
