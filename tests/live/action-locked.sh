# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A victim in uninterruptible sleep: its memory is freed all the same. The memory of three more cannot be freed: they wait for a
# frozen file system with their mmap locks held, and process_mrelease would wait for the same locks. A fourth victim must not be
# delayed, though there are only three kill threads; the events say that nothing was freed; and when the file system thaws, all
# victims end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/action.inc"
for tool in mkfs.ext4 losetup fsfreeze; do need $tool; done
grep -q sys_process_mrelease /proc/kallsyms || skip 'no process_mrelease in this kernel'

fs=$work/fs
frozen=
scenario_clean_up() { # no process ends before the file system is thawed
	[ -z "$frozen" ] || fsfreeze --unfreeze "$fs"
	for each in ${locked:-} ${asleep:-}; do kill -KILL "$each" 2>/dev/null; done
	[ ! -d "$fs" ] || wait_for 10 umount "$fs"
}
truncate -s 16M "$work/image" && mkfs.ext4 -q "$work/image" && mkdir "$fs" || fail 'no file system can be made'
mount -o loop "$work/image" "$fs" 2>"$work/why" || { rmdir "$fs" && skip "no loop device: $(cat "$work/why")"; }
daemon_with <<E
mode: enforce
rate_limit: none
policies:
  - name: too-large
    match: {cgroup: "$ours/*"}
    when: {usage: 80MiB}
    actions: [kill]
E
locked=
for i in 1 2 3; do
	group_make "stuck$i" || fail 'cannot make a group'
	workload_start "stuck$i" locked 70MiB "$fs/$i"
	locked="$locked $workload_pid"
done
group_make plain && group_make asleep || fail 'cannot make a group'
workload_start asleep stuck 70MiB "$fs/asleep"
asleep=$workload_pid
fsfreeze --freeze "$fs" && frozen=1 || fail 'the file system does not freeze'
waits() { [ "$(sed 's/.*) //' "/proc/$1/stat" | cut -c 1)" = D ]; }
wait_for 5 waits "$asleep" || fail 'the victim does not sleep in the kernel'
in_group asleep "$workload" hold 20MiB >/dev/null &
acted kill ".cgroup == \"$ours/asleep\" and .result.status == \"done\" and .freed_bytes > 70000000"
waits "$asleep" || fail 'the victim has ended, so this tests nothing'

# shellcheck disable=SC2086 # a list
kill -USR1 $locked
both_wait() { [ "$(cat /proc/"$1"/task/*/stat | sed 's/.*) //' | cut -c 1 | tr -d '\n')" = DD ]; }
for each in $locked; do wait_for 5 both_wait "$each" || fail 'no victim with its mmap lock held'; done
for i in 1 2 3; do # over the threshold: the whole group is to go, but most of its memory cannot
	in_group "stuck$i" "$workload" hold 20MiB >/dev/null &
	wait_for 5 ended $! || fail "group $i was not killed"
done
for each in $locked; do both_wait "$each" || fail 'a victim was ended after all'; done
# Two kill threads wait for those; the third takes the next victim.
in_group plain "$workload" hold 200MiB >/dev/null &
acted kill ".cgroup == \"$ours/plain\" and .result.status == \"done\" and .freed_bytes > 40000000"
for each in $locked; do both_wait "$each" || fail 'a victim was ended after all'; done
for i in 1 2 3; do
	acted kill ".cgroup == \"$ours/stuck$i\" and .result.status == \"failed\" and (.result.detail | test(\"waits in the kernel\"))" '' 10
done
fsfreeze --unfreeze "$fs" && frozen=
for each in $locked; do wait_for 5 ended "$each" || fail 'a victim still runs after the thaw'; done
in_mode enforce >/dev/null || fail 'the daemon does not answer'
no_kernel_oom
