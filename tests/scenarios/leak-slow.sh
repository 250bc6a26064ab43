# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A leak of 100 MB an hour into a limit of 4 GiB, in a hundred seconds: a real process leaks sixty times as fast, its
# cgroup is read each second, and that series, its seconds taken for minutes, goes through the code that
# runs live. To be confirmed and reported once, never ended. (The same from a formula, for ten hours: leak-series.sh.)
. tests/scenarios/lib.sh
is_headroom || skip 'only headroom reads a series'
policy=$scenarios/leak-series.yaml
seconds=${HEADROOM_SECONDS:-100}
group_make leaky $((4 << 30)) || skip 'no cgroup can be made here'
file=$(group_dir leaky)/memory.current
anon='^anon '
[ -f "$file" ] || { file=$(group_dir leaky)/memory.usage_in_bytes && anon='^rss '; }
in_group leaky "$program" service 300MiB 1666667B >"$work/ready" 2>&1 &
pids="$pids leaky=$!"
wait_for 10 grep -q ready "$work/ready" || fail "it does not leak: $(cat "$work/ready")"
begin=$(now)
echo t_seconds,used_bytes,limit_bytes,anon_bytes >"$work/slow.csv"
until at=$(($(now) - begin)) && [ $at -ge $((seconds * 100)) ]; do
	# a second is a minute: hundredths × 0.6
	echo "$((at * 60 / 100)),$(cat "$file"),$((4 << 30)),$(sed -n "s/$anon//p" "$(group_dir leaky)/memory.stat")" >>"$work/slow.csv"
	sleep 1
done
"$build/headroom" policy test "$policy" --replay "$work/slow.csv" --name slow --json >"$work/slow.json" || fail 'cannot replay it'
of() { jq -s -r "map(select($1))$2" "$work/slow.json"; }
note grew_bytes "$(awk -F, 'NR == 2 { first = $2 } { last = $2 } END { printf "%d", last - first }' "$work/slow.csv")"
note confirmed_s "$(of '.policy == "leak-for-certain"' '| .[0].t_seconds // "never"')"
note reported "$(of '.policy == "leak-for-certain"' '| length')"
note ended "$(of '.action == "term" or .action == "kill"' '| length')"
echo "$row"
promise 'it is confirmed and reported, once' [ "$(of '.policy == "leak-for-certain"' '| length')" = 1 ]
promise 'it is never ended' [ "$(of '.action == "term" or .action == "kill"' '| length')" = 0 ]
promise 'it still runs' alive leaky
