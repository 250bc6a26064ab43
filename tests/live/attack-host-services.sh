# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Memory that is spread, and what is not one program: services of root's with the same uid are several, of which the hog goes alone;
# what a user runs below user-UID.slice is one, whatever uids it takes.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
. "$(dirname "$0")/attack-host.inc"

slice=user.slice/user-61001.slice
groups="system.slice/a.service system.slice/b.service $slice/session-1.scope $slice/session-2.scope"
for name in $groups; do group_make "$name" || fail 'cannot make groups'; done
in_all() { cat "$(group_dir "$1")/cgroup.procs" | wc -l; }
end_all() { for name in $groups; do processes_end "$name"; done; }
scenario_clean_up() { end_all; hogs_end; rm -rf "$bin"; }
gone() { [ "$(usage "$1")" -lt $((10 * 1048576)) ]; }
there() { [ "$(usage "$1")" -ge $(($2 * 1048576)) ]; }
# group, uid, program, MiB, sessions
spread() {
	in_group "$1" setsid env HOG_UID="$2" "$bin/$3" sessions "$4" "$5" >"$work/hog.log" 2>&1 &
	wait_for 20 there "$1" "$4" || { cat "$work/hog.log"; fail "$1 does not hold $4 MiB"; }
}

hogs_copy
spread system.slice/a.service 61000 "$good" 60 6
spread system.slice/b.service 61000 "$evil" 200 20
before=$(in_all system.slice/a.service)
daemon_on
since=0
wait_for 20 gone system.slice/b.service || { events_print; fail 'the hog lives'; }
[ "$(in_all system.slice/a.service)" -eq "$before" ] || { events_print; fail 'another service of the same uid was killed'; }
daemon_stop
end_all

hogs_copy
spread system.slice/a.service 61000 "$good" 60 1
uid=61002
while [ $uid -lt 61010 ]; do
	spread $slice/session-$((1 + uid % 2)).scope $uid "$evil" 12 1
	uid=$((uid + 1))
done
before=$(in_all system.slice/a.service)
daemon_on
since=0
for scope in 1 2; do
	wait_for 20 gone $slice/session-$scope.scope || { events_print; fail "what is in session-$scope.scope lives"; }
done
[ "$(in_all system.slice/a.service)" -eq "$before" ] || { events_print; fail 'a service was killed for a user'; }
daemon_stop
end_all

# A login's process that calls itself like a protected one.
hogs_copy
spread system.slice/a.service 61000 "$good" 60 1
spread $slice/session-1.scope 61001 "$evil" 200 20
printf 'protect: ["process:%s*"]\n' "$evil" >>"$work/config"
before=$(in_all system.slice/a.service)
daemon_on
since=0
wait_for 20 gone $slice/session-1.scope || { events_print; fail 'a name that a user chose protects'; }
[ "$(in_all system.slice/a.service)" -eq "$before" ] || { events_print; fail 'a service was killed for a user'; }
