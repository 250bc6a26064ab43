# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Processes outside containers that share memory: it counts once, so the hog is the victim and not a server with many workers,
# by copy on write, shared and System V memory, memfd or a mapped file; and a hog of many small processes is seen whole.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

command -v setsid >/dev/null || skip 'setsid is not here'
[ -e /proc/self/smaps_rollup ] || skip 'this kernel has no smaps_rollup'

pids=
started() { # NAME MODE…
	name=$1
	shift
	: >"$work/ready.$name"
	# In a guest the runner is spared by the OOM killer, and so would they be.
	setsid sh -c 'echo 0 >/proc/self/oom_score_adj; exec "$@"' - "$workload" -c "$(group_dir session)" -n "$name" "$@" >"$work/ready.$name" &
	pids="$pids $!"
	wait_for 30 grep -q ready "$work/ready.$name" || fail "$name is not ready"
}
rounds=0
round() { # what; the target; the server, and what it holds at most in MiB
	rounds=$((rounds + 1))
	cat >"$work/config" <<-E
		mode: dry-run
		rate_limit: none
		policies:
		  - name: short-$rounds
		    match: {scope: host_processes, process: "$prefix*"}
		    when: {host_available: 99.9%, for: 3s} # by then it has seen them all
		    actions: [kill]
	E
	policies_take
	acted kill ".policy == \"short-$rounds\"" "$1" 30
	expect ".target.comm == \"$2\"" "$1: the target is $2" <"$work/action"
	[ -z "${3:-}" ] || expect "any(.skipped[]; .target.name == \"$3\" and .usage_bytes < $4 * 1048576)" \
		"$1: $3 has less than $4 MiB" <"$work/action"
	for pid in $pids; do kill "$pid"; done
	pids=
}

# A daemon for each round, that knows nothing of the round before; in a guest, where its start takes longer than all else, one for all.
# It may have decided before it counts as started or reloaded.
policies_take() {
	if [ -z "$daemon" ] || [ -z "${HEADROOM_VM:-}" ]; then
		daemon_stop
		before=
		daemon_on
	else
		reload configuration_loaded
	fi
	since=${before:-0}
}

group_make session || fail 'cannot make a group' # as a session's scope: its charge says nothing of one of them
prefix=hr$$ before=
kinds='cow shared sysv memfd file'
# Reserved huge pages are in the resident memory of no process: the host gets none of them back with a process.
[ -z "${HEADROOM_VM:-}" ] || ! echo 16 >/proc/sys/vm/nr_hugepages || kinds="$kinds hugetlb"
for kind in $kinds; do
	workers=12 most=60
	[ "$kind" != shared ] || workers=40 most=90 # as a database with many connections
	started ${prefix}-srv prefork $workers 24M "$kind"
	started ${prefix}-hog hold 120M
	round "$workers workers: $kind" ${prefix}-hog ${prefix}-srv $most
done
started ${prefix}-db prefork 1 100M cow
started ${prefix}-hog hold 150M
round 'a server that saves itself' ${prefix}-hog ${prefix}-db 130
# In a guest of 512 MiB all three fit.
started ${prefix}-many fork 7 24M
started ${prefix}-srv prefork 12 24M cow
started ${prefix}-hog hold 90M
round 'a hog of seven' ${prefix}-many ${prefix}-srv 60

# What a kill frees: the 24 MiB once, not thirteen times.
started ${prefix}-srv prefork 12 24M shared
cat >"$work/config" <<-E
	mode: enforce
	policies:
	  - name: large
	    match: {scope: host_processes, process: "$prefix*"}
	    when: {rss: 20MiB}
	    actions: [kill]
E
policies_take
# A worker may end with its parent, before its own signal: so the count is not of all.
acted kill '.policy == "large" and .result.status == "done" and .target.processes > 0' 'the server' 30
living() { cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | awk -v group="$pids" '$3 == group + 0 && $1 != "Z"' | grep -q .; }
all_ended() { ! living; }
wait_for 5 all_ended || fail 'a process of the server lives'
expect '.freed_bytes > 20 * 1048576 and .freed_bytes < 60 * 1048576' 'what the kill freed' <"$work/action"
