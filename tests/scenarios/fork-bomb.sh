# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A fork bomb in a container: each process is small, together they are large, and a process that is killed alone is replaced at once.
. tests/scenarios/lib.sh
unit=docker-b0b0000000000000000000000000000000000000000000000000000000000000.scope
host_start
guardian_begin
events_begin
group_make "system.slice/$unit" $((200 << 20))
[ $v = 1 ] || echo +pids >"$(group_dir system.slice)/cgroup.subtree_control"
[ $v = 1 ] || echo 400 >"$(group_dir "system.slice/$unit")/pids.max"
in_unit "$unit" --name bomb bomb 512KiB >/dev/null 2>&1 &
pids="$pids bomb=$!"
all_dead() { [ -z "$(cat "$(group_dir "system.slice/$unit")/cgroup.procs")" ]; }
wait_for 3 all_dead
note all_dead "$(all_dead && echo yes || echo no)"
host_row
promise 'all of it is killed' all_dead
promise 'nothing else is killed' [ "$wrong" = 0 ]
promise 'the kernel OOM-kills nothing' [ "$(kernel_kills_of "system.slice/$unit")" = 0 ]
incident_end
