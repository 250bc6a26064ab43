# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Hosts and orders that a guard does not like: one clear line, or a quiet fallback that is told, never a crash.
. "$(dirname "$0")/lib.sh"

BOARD=$work/first
guard_start || fail 'the guard does not start'

# A second guard on the same board would mix two truths.
timeout 20 "$build/headroomd" --board "$BOARD" >"$work/out" 2>"$work/err"
[ $? = 1 ] || fail 'a second guard on one board must fail with 1'
[ "$(wc -l <"$work/err")" = 1 ] || fail "one line was expected: $(cat "$work/err")"
guard_ready >/dev/null || fail 'the first guard was harmed by the second'

# What cannot be understood is an error with its place, before anything starts.
printf 'mode: observe\nintervall: 1s\n' >"$work/bad.yaml"
timeout 20 "$build/headroomd" --config "$work/bad.yaml" --board "$work/none" >"$work/out" 2>"$work/err"
[ $? = 2 ] || fail 'a bad configuration must fail with 2'
grep -q 'bad.yaml:2:' "$work/err" || fail "file, line and column were expected: $(cat "$work/err")"
[ ! -e "$work/none" ] || fail 'a guard that refuses its configuration leaves a board behind'

# A board cut short under its reader, and one that is none at all.
head -c 5000 "$BOARD" >"$work/cut"
head -c 300000 /dev/urandom >"$work/noise"
: >"$work/empty"
for bad in cut noise empty; do
	"$build/headroom" ls --board "$work/$bad" >"$work/out" 2>"$work/err"
	status=$?
	case $status in [1-5]) ;; *) fail "a damaged board ($bad) gives status $status" ;; esac
	[ -s "$work/err" ] || fail "nothing is said about a damaged board ($bad)"
done

# SIGTERM ends it, and a reader says that it is dead, not that all is well.
guard_stop
dead() { snapshot | ask '.host.guard.state | select(. != "running")'; }
wait_for 5 dead || fail 'a board whose guard has ended reads as running'

# Without any rights it still lists what the files tell.
# By its path: busybox's shell would take its own, which cannot do this.
as_nobody() { "$(command -v setpriv)" --reuid=65534 --regid=65534 --clear-groups "$@"; }
as_nobody true 2>/dev/null || skip "the rest needs util-linux's setpriv"
free=$(mktemp -d /dev/shm/headroom-free.XXXXXX) || fail 'cannot make a folder'
scenario_clean_up() { rm -rf "$free"; }
cp "$build/headroomd" "$build/headroom-resolver" "$free/" || fail 'cannot copy'
chmod 777 "$free"
BOARD=$free/board
as_nobody "$free/headroomd" --board "$BOARD" >"$work/free.log" 2>&1 &
guard=$!
wait_for 10 guard_ready || { cat "$work/free.log" >&2 && fail 'no listing without rights'; }
snapshot | expect '.host.guard.sources.memcg_sweep == "cgroup files"'
