# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The best variant that is known to work of each signal, kernel by kernel: where the verifier begins to refuse a program, a lesser one takes
# its place, and all else goes on as before.
. "$(dirname "$0")/lib.sh"
"$build/headroom" check --json >"$work/check" 2>"$work/check.err"
jq -e '.signals | length > 10' "$work/check" >/dev/null || { cat "$work/check.err" >&2; fail 'check lists no signals'; }
known=0 wrong=''
best() { # release, cgroup version, signal, variant
	case $(uname -r)-$v in
	"$1"[.-]*-"$2") ;;
	*) return ;;
	esac
	known=$((known + 1))
	found=$(jq -r --arg s "$3" '.signals[] | select(.signal == $s) | .variant' "$work/check")
	[ "$found" = "$4" ] || {
		jq -c --arg s "$3" '.signals[] | select(.signal == $s)' "$work/check" >&2
		wrong="$wrong $3"
	}
}
for one in 6.18:1 7.3:2; do
	best ${one%:*} ${one#*:} reflex 'rss_stat + reclaim, any task'
done
for one in 6.1:2 6.12:2; do
	best ${one%:*} ${one#*:} reflex 'rss_stat + reclaim'
done
best 5.10 2 reflex 'rss_stat + reclaim, probing'
best 5.10 2 memcg_sweep 'iter/task climb'
best 6.18 1 memcg_sweep iter/cgroup
best 6.18 1 tripwire eventfd
for one in 6.1 6.12 7.3; do
	best $one 2 tripwire 'BPF timer'
done
best 5.10 2 tripwire 'rss_stat while close'
for one in 5.10:2 6.1:2 6.12:2 6.18:1 7.3:2; do
	best ${one%:*} ${one#*:} lifecycle 'cgroup tracepoints'
	best ${one%:*} ${one#*:} exec 'sched tracepoints'
	best ${one%:*} ${one#*:} tasks iter/task
	best ${one%:*} ${one#*:} reclaim_stalls 'vmscan tracepoints'
done
[ $known -gt 0 ] || skip "nothing is known of $(uname -r)"
echo "$known signals"
[ -z "$wrong" ] || fail "a lesser variant than this kernel can:$wrong"
