# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Processes that fork faster than they can be listed are killed all the same, and nothing stays frozen.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/enforce.inc"

group_make bomb || fail 'cannot make a group'
# On v1 the freezer is another hierarchy; without a group of its own there, signals alone must do.
freezer=
if [ $v = 1 ]; then
	freezer=$(awk '$3 == "cgroup" && $4 ~ /(^|,)freezer(,|$)/ { print $2 }' /proc/mounts)
fi
[ $v = 2 ] && [ ! -f "$(group_dir bomb)/cgroup.kill" ] && freezer=own
: >"$work/seen"
for round in alone frozen frozen frozen frozen; do
	if [ $round = frozen ]; then
		[ -n "$freezer" ] || break
		! grep -q frozen "$work/seen" || break
		[ $v = 2 ] || mkdir "$freezer$ours" || fail 'no freezer group'
		[ $v = 2 ] || echo 0 >"$freezer$ours/cgroup.procs"
	fi
	workload_start bomb relay 24
	[ $round = alone ] || [ $v = 2 ] || echo 0 >"$freezer/cgroup.procs" # the bomb stays, this shell does not
	enforce --deadline 10s kill "cgroup:$ours/bomb"
	cat "$work/answer"
	jq -r .detail "$work/answer" >>"$work/seen"
	answered '.status == "done" and .processes > 0'
	empty bomb || fail 'some are left'
	[ $round = alone ] || [ $v = 2 ] || {
		grep -q THAWED "$freezer$ours/freezer.state" || fail 'it stayed frozen'
		rmdir "$freezer$ours" || fail 'the freezer group is not empty'
	}
done
[ $v = 1 ] || [ ! -f "$(group_dir bomb)/cgroup.freeze" ] || grep -q '^0' "$(group_dir bomb)/cgroup.freeze" || fail 'it stayed frozen'
[ -z "$freezer" ] || grep -q frozen "$work/seen" || fail 'none of four bombs was frozen'
"$try" --undo "$work/undo" undo | expect '.restored == 0' 'nothing is left in the undo table'
