# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# user.headroom=protect of a user on a host that runs short: its other cgroup goes first; alone it is taken. From root it protects.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"

total=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
[ "$total" -lt "${HEADROOM_MOST_KIB:-1000000}" ] || skip "needs a host where 60 MiB are a twentieth: this one has $((total / 1024)) MiB"
t=user.slice/user-1000.slice/user@1000.service
for name in $t/wish.service $t/other.service system.slice/db.service; do group_make $name || fail 'cannot make groups'; done
for name in $t $t/wish.service $t/other.service; do chown 1000 "$(group_dir $name)" || fail chown; done
"$build/tools/enforce-try" protect "cgroup:$ours/$t/wish.service" 2>/dev/null || skip 'no user.* attributes on cgroups here'

# A dry run decides once for a shortage: each question is asked of a daemon that starts.
chosen() { # cgroup, condition on what was skipped, what it is
	rm -rf "$BOARD"
	daemon_with <<-EOF
		mode: dry-run
		interval: 200ms
		rate_limit: none
		policies:
		  - {name: short, match: {cgroup: "$ours/*.service"}, when: {host_available: 99%}, actions: [kill]}
	EOF
	since=0
	acted kill true "$3" 10
	expect ".cgroup == \"$ours/$1\" and ($2)" "$3" <"$work/action"
	daemon_stop
}

workload_start $t/wish.service hold $((total / 1024 / 8))M
wish=$workload_pid
workload_start system.slice/db.service hold 8M
chosen $t/wish.service true 'alone'
workload_start $t/other.service hold $((total / 1024 / 10))M
chosen $t/other.service 'any(.skipped[]; .target.name == "wish.service" and .reason == "protected by its owner")' 'beside another of that user'
kill -9 "$workload_pid"
wait_for 5 empty $t/other.service
chosen $t/wish.service true 'alone again'

"$build/tools/enforce-try" protect "cgroup:$ours/system.slice/db.service" || fail 'root cannot set it'
"$build/tools/enforce-try" kill "cgroup:$ours/system.slice/db.service" >"$work/answer"
expect '.status == "refused"' "root's attribute" <"$work/answer"
