# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A new group is armed at once: with a resolver that does not answer, with a limit that is written long after the mkdir, and on a host
# with many more groups.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

mb=1048576
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
resolver() { # its pid
	for one in /proc/[0-9]*; do
		case $(cat "$one/comm" 2>/dev/null) in
		headroom-resol*) ! grep -qx "PPid:	$daemon" "$one/status" || echo "${one#/proc/}" ;;
		esac
	done
}
now_ms() { awk '{ printf "%d\n", $1 * 1000 }' /proc/uptime; }
filled() { # name: what charges beyond its limit is killed by the reflex
	in_group "$1" "$workload" burst 200MiB 1ms >/dev/null 2>&1
	[ "$(kernel_kills "$1")" = 0 ] || { cli events --json | jq -c "select(.cgroup == \"$ours/$1\") | {type, armed, reflex, text}" >&2; fail "$1: the kernel was first"; }
}
scaled() { # ms of a CPU's time as ms of the clock: as in wait.inc
	runnable_read
	echo $(($1 * slow * runnable / cpus))
}
quick() { # name, bound in ms: armed so soon after it was made
	began=$(now_ms)
	group_make "$1" $((60 * mb)) || fail 'cannot make groups'
	wait_for 10 armed "$1" || fail "$1: not armed"
	took=$(($(now_ms) - began))
	echo "$1: armed and shown after $took ms"
	[ $took -le "$(scaled "$2")" ] || fail "$1: armed after $took ms only"
	filled "$1"
}

# The programs are attached with the first one, which takes seconds beside a load.
group_make new-first $((60 * mb)) || fail 'cannot make groups'
wait_for 60 armed new-first || fail 'the first one is not armed'
quick new-plain 300

pid=$(resolver)
[ -n "$pid" ] || fail 'where is the resolver?'
kill -STOP $pid
scenario_clean_up() { kill -CONT $pid 2>/dev/null; }
quick new-nameless 400
kill -CONT $pid

# A limit that comes late: armed before, and never disarmed in between.
group_make new-late || fail 'cannot make groups'
wait_for 5 armed new-late || fail 'a new group is not armed before it has a limit'
for _ in 1 2 3 4 5 6 7 8 9 10; do
	sleep 0.2
	armed new-late >/dev/null || fail 'a new group is disarmed again before it has a limit'
done
echo $((60 * mb)) >"$(group_dir new-late)/$(limit_file)"
filled new-late

# More groups than are looked at in one round, and a limit that an old one gets.
mkdir "$(group_dir first)/m" && (cd "$(group_dir first)/m" && seq $((slow < 10 ? 700 : 300)) | xargs mkdir) || fail 'cannot make groups'
group_make new-old || fail 'cannot make groups'
unarmed() { snapshot | ask "$(entry new-old) | .armed == null"; }
sleep 6
wait_for 10 unarmed || fail 'a group without a limit keeps its place'
began=$(now_ms)
echo $((60 * mb)) >"$(group_dir new-old)/$(limit_file)"
wait_for 10 armed new-old || fail 'not armed after it got a limit'
took=$(($(now_ms) - began))
echo "a limit of an old group: armed after $took ms"
[ $took -le $((2000 * slow)) ] || fail "armed $took ms after it got a limit"
filled new-old
