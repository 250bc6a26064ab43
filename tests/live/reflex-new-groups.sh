# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# New groups with a limit, each filled as fast as it goes some seconds after it was made: a policy with a reflex kills each
# time before the kernel's OOM killer does, and each is shown as armed before it is filled. Where the kernel came first, its event
# says since when the group was armed and what the reflex did. More lanes make more groups while the worker is at work.
#
#   HEADROOM_ROUNDS=100 HEADROOM_BOUND=900 HEADROOM_LOAD=1 tests/live/run reflex-new-groups     beside a busy task and one that forks for each CPU
#   HEADROOM_ROUNDS=84 HEADROOM_LANES=12 tests/live/run reflex-new-groups
#   HEADROOM_ROUNDS=100 tools/vm --kernel 5.10 --mem 768M --timeout 1800 --add "$(command -v jq)" -- /bin/sh tests/live/reflex-new-groups.sh
# With --cpus 1 on 6.12 and 7.3: attaching rss_stat again and again ends the emulator sooner or later (a stale int3).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

rounds=20 limit=${HEADROOM_LIMIT_MIB:-200} pause=${HEADROOM_DELAY:-4}
[ $slow -lt 10 ] || rounds=5
rounds=${HEADROOM_ROUNDS:-$rounds}
lanes=${HEADROOM_LANES:-2} # rounds at a time

group_make first || fail 'cannot make groups'
daemon_with <<E
mode: enforce
rate_limit: {kills: 1000, per: 1m}
policies:
  - name: fast
    match: {cgroup: "$ours/new-*"}
    when: {usage: 90%}
    actions: [reflex, kill]
    cooldown: 0s
E
snapshot | ask '.host.guard.sources.reflex != "none"' || skip 'no reflex on this kernel'

load=
if [ -n "${HEADROOM_LOAD:-}" ]; then
	i=0
	while [ $i -lt $cpus ]; do
		i=$((i + 1))
		# What it starts takes memory and ends: new processes, page faults and exits beside the bursts.
		{ while :; do "$workload" burst 4MiB 1ms & sleep 0.2; kill $!; wait $!; done; } >/dev/null 2>&1 &
		load="$load $!"
		{ while :; do :; done; } &
		load="$load $!"
	done
fi
scenario_clean_up() { for task in $load; do kill -9 "$task" 2>/dev/null; done; }


# Each with a path of its own, as of a new container: made, $pause seconds, filled.
one() { # number
	group_make "new-$1" $((limit << 20)) || return
	sleep "$pause"
	snapshot | jq -rM "$(entry "new-$1") | select(.armed != \"reflex\") | \"$1 \(.armed)\"" >>"$work/unarmed"
	in_group "new-$1" "$workload" burst $((limit * 4))MiB 1ms >/dev/null 2>&1
	kills=$(kernel_kills "new-$1")
	echo "$1 ${kills:-?}" >>"$work/rounds"
	[ "$kills" = 0 ] || {
		its_event() { event_after 0 ".type == \"oom_kill\" and .cgroup == \"$ours/new-$1\""; }
		wait_for 3 its_event "$1"
		cli events --json | jq -Mc "select(.cgroup == \"$ours/new-$1\") | {time: .time[11:26], seq, type, what, action, armed,
			reflex, forecast, limit, result, freed_bytes, text}" | tee -a "$work/lost"
	}
	group_remove "new-$1"
}

: >"$work/rounds"
: >"$work/lost"
: >"$work/unarmed"
lane() { # first round: every $lanes-th from there
	round=$1
	while [ "$round" -le "$rounds" ]; do
		one "$round"
		round=$((round + lanes))
	done
}
i=0 running=
while [ $i -lt "$lanes" ]; do
	i=$((i + 1))
	lane $i &
	running="$running $!"
done
# shellcheck disable=SC2086 # a list
wait $running
done=$(wc -l <"$work/rounds")
first=$(awk '$2 != 0' "$work/rounds" | wc -l)
acts() { cli events --json --type action | jq -rs "[.[] | select(.seq > $since and .result.status == \"done\" ${1:-}) | .cgroup] | unique | length"; }
echo "the kernel was first in $first of $done rounds${HEADROOM_LOAD:+ beside a load}; the reflex acted in $(acts 'and .action == "reflex"'), policies in $(acts)"
[ "$done" = "$rounds" ] || fail "only $done rounds of $rounds"
[ ! -s "$work/unarmed" ] || fail "not armed after ${pause}s: $(tr '\n' ',' <"$work/unarmed")"
[ "$first" = 0 ] || fail 'the kernel was first'
# The board keeps the last some hundred events.
[ "$rounds" -gt 50 ] || [ "$(acts)" = "$rounds" ] || { events_print; fail 'a round without an action'; }
