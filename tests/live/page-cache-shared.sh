# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# More page cache that endangers nothing: of a sibling under the same parent's limit, beside a container that grows a little; of processes
# that start anew in the same cgroup; above memory.high; under a limit that is lowered and raised meanwhile; beside reads that bypass it.
# No alarm `act` and no action, with BPF and without.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/disk.inc"

mb=1048576
rounds=${HEADROOM_ROUNDS:-1} # of each kind
kinds='read write map dirty direct'

# What a sibling does under the parent's limit.
siblings() { # name
	group_make "$1" $((64 * mb)) && group_make "$1/app" && group_make "$1/idle" && group_make "$1/writer" || fail 'cannot make groups'
	in_group "$1/app" "$workload" leak 131072 >/dev/null 2>&1 &
	app=$!
	in_group "$1/idle" "$workload" hold 4MiB >/dev/null 2>&1 &
	idle=$!
	sweeps 2
	round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		for kind in $kinds; do in_group "$1/writer" "$workload" --for 2s file $kind "$disk" 150MiB 200MiB >/dev/null 2>&1; done
		in_group "$1/writer" "$workload" --for 3s names "$disk" 20000 >/dev/null 2>&1
	done
	for task in $app $idle; do alive "$task" || echo "$1: a sibling of the writer was ended" >>"$work/ended"; done
	kill -9 $app $idle
	wait $app $idle 2>/dev/null
}

# New processes in a cgroup that is known for long.
restarts() { # name
	group_make "$1" $((64 * mb)) || fail 'cannot make groups'
	sweeps 2
	round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		for kind in $kinds; do in_group "$1" "$workload" --for 1500ms file $kind "$disk" 200MiB 0 >/dev/null 2>&1; done
	done
}

high() { # name
	group_make "$1" $((96 * mb)) || fail 'cannot make groups'
	[ -f "$(group_dir "$1")/memory.high" ] || return 0
	echo $((48 * mb)) >"$(group_dir "$1")/memory.high"
	for kind in read map write; do in_group "$1" "$workload" --for 3s file $kind "$disk" 200MiB 200MiB >/dev/null 2>&1; done
}

# Lowered below what is used, which is cache, and raised again.
limits() { # name
	group_make "$1" $((192 * mb)) || fail 'cannot make groups'
	in_group "$1" "$workload" --for 6s file write "$disk" 160MiB 100MiB >/dev/null 2>&1 &
	writer=$!
	for limit in 192 48 128 32 192; do
		echo $((limit * mb)) >"$(group_dir "$1")/$(limit_file)"
		sleep 1
	done
	wait $writer
}

judge() { # what it was
	sweeps 2
	cli events --json | jq -c "select(.seq > $since and ((.cgroup // \"\") | startswith(\"$ours/\")) and
		((.type == \"risk\" and .to == \"act\") or .type == \"action\"))" >"$work/wrong"
	kills=$(cli events --json | jq -c "select(.seq > $since and .type == \"oom_kill\" and ((.cgroup // \"\") | startswith(\"$ours/\")))" | wc -l)
	echo "$1: $(wc -l <"$work/wrong") act and actions, $kills kernel OOM kills"
	[ ! -s "$work/wrong" ] || {
		jq -c '{time, type, cgroup, policy, action, usage_bytes, inputs, oom_in_seconds, risk, reasons}' "$work/wrong" | head -n 8 | fold -w 380
		fail 'an alarm or an action where nothing was in danger'
	}
	[ ! -s "$work/ended" ] || fail "$(cat "$work/ended")"
}

all() { # names begin with
	for what in ${HEADROOM_CASES:-siblings restarts high limits}; do
		"$what" "$1$what"
		judge "$1$what"
	done
}

daemon_that_ends
all ''
daemon_stop
rm -rf "$BOARD"
export HEADROOM_NO_BPF=1
daemon_that_ends
HEADROOM_CASES=${HEADROOM_CASES:-siblings}
all no-bpf-
