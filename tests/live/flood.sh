# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Ten thousand groups made and removed (within a minute on a quiet machine), under hostile names: tabs, escape
# sequences, invalid UTF-8, quotes, 255 bytes, and such as a runtime would give. Nothing crashes, nothing stays on the
# board, what is lost is counted, what is printed stays clean, and an OOM kill in the midst of it is reported.
. "$(dirname "$0")/lib.sh"

rounds=200 each=50
[ $slow = 1 ] || rounds=20
BOARD=$work/board # a daemon of our own, for its CPU time
group_make flood || fail 'cannot make a group'
[ $v = 1 ] || echo +memory >"$(group_dir flood)/cgroup.subtree_control"
group_make marked 33554432 || fail 'cannot make a group'
dir=$(group_dir flood)
daemon_start || fail 'the daemon does not start'
g=$(snapshot | ask .host.guard.pid)
cpu_ticks() { sed 's/.*) //' "/proc/$g/stat" | awk '{print $12 + $13}'; }

long=$(printf '%0240d' 7)
hex=0123456789abcdef0123456789abcdef0123456789abcdef012345
name_set() { # round: the names of one round, as "$@" of the caller through one_round
	case $(($1 % 6)) in
	0) printf 'tab\tand\rreturn' ;; # (the kernel takes no newlines)
	1) printf '\033[2J\033]0;owned\007' ;;
	2) printf '\377\376\355\240\200' ;;
	3) printf '"quote"\\ <b>%%s $(x)' ;;
	4) printf '%s' "$long" ;;
	5) printf 'docker-%s' $hex ;;
	esac
}
one_round() { # mkdir or rmdir, round
	stem=$(name_set "$2") end=
	[ $(($2 % 6)) != 5 ] || end=.scope
	do=$1 number=$2
	set --
	k=0
	while [ $k -lt $each ]; do
		set -- "$@" "$dir/$stem$(printf '%06d%04d' "$number" $k)$end"
		k=$((k + 1))
	done
	"$do" "$@"
}

since=$(mark)
began=$(now) ticks=$(cpu_ticks)
i=0
while [ $i -lt $rounds ]; do
	one_round mkdir $i || fail "cannot make the groups of round $i"
	[ $i != $((rounds / 2)) ] || in_group marked tail /dev/zero
	[ $i = 0 ] || one_round rmdir $((i - 1)) || fail "cannot remove the groups of round $((i - 1))"
	if [ $((i % 25)) = 10 ]; then # in the midst of it
		snapshot | jq -e '.containers | length > 0' >/dev/null || fail 'the listing is no sound JSON'
		cli events --json | jq -es 'length > 0' >/dev/null || fail 'the events are no sound JSON'
	fi
	i=$((i + 1))
done
one_round rmdir $((rounds - 1))
took=$(($(now) - began)) ticks=$(($(cpu_ticks) - ticks))

marked_reported() { event_after "$since" ".type == \"oom_kill\" and .victim.cgroup == \"$ours/marked\""; }
lost() { snapshot | ask .host.guard.events_lost_total; }
wait_for 5 marked_reported || [ "$(lost)" -gt 0 ] || fail 'an OOM kill in the midst of it was not reported, and nothing is counted as lost'
settled() { snapshot | ask "[.containers[] | select(.state == \"running\" and (.cgroup | startswith(\"$ours/flood/\")))] |
	length == 0"; }
wait_for 10 settled || fail "still listed: $(snapshot | jq -c "[.containers[] | select(.cgroup | startswith(\"$ours/flood/\")) | .cgroup] | .[:3]")"
[ "$(snapshot | ask .host.guard.pid)" = "$g" ] && kill -0 "$g" || fail 'the daemon has died'

cli ls --all >"$work/ls" && cli events >"$work/events" || fail 'no answer after it'
for file in ls events; do
	! tr -d '\n\t' <"$work/$file" | LC_ALL=C grep -q '[[:cntrl:]]' || fail "a control character in $file"
done
echo "$((rounds * each)) groups in $took cs; daemon CPU $ticks ticks; $(lost) lost;" \
	"capacity $(snapshot | ask .host.guard.capacity), rss $(snapshot | ask .host.guard.rss_bytes)"
