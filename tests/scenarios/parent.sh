# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The limit that binds is the parent's: two containers of one pod without limits of their own. The growing one is killed, whole, and
# its sibling, which is larger at first, survives.
. tests/scenarios/lib.sh
unit=pod.slice
group_make "system.slice/$unit" $((200 << 20))
slice=/system.slice/$unit
calm=docker-ca1a000000000000000000000000000000000000000000000000000000000000.scope
grows=docker-6062000000000000000000000000000000000000000000000000000000000000.scope
bystanders=$calm
service_start $calm --name calm beat "$work/calm.beat" 80MiB
kills_before=$(vmstat oom_kill)
guardian_begin
events_begin
service_start $grows --name grows fork 3 5MiB
in_unit $grows --name grows service 5MiB 10MiB >/dev/null 2>&1 &
pids="$pids leaker=$!"
grown_dead() { ! alive leaker; }
wait_for 15 grown_dead # 95 MiB at 10 a second: the limit, and the kernel's own kill, would come after 10 s
note rest_of_container "$(cat "$(group_dir "${slice#/}/$grows")/cgroup.procs" | wc -l)"
# Counted for the pod; v1 counts it for the container.
kills_in() { kernel_kills_of "${slice#/}${1:+/$1}"; }
group_kills=$(($(kills_in) + (v == 1 ? $(kills_in $grows) + $(kills_in $calm) : 0)))
[ -n "$in_vm" ] || kills_before=$(($(vmstat oom_kill) - group_kills))
host_row
promise 'the growing one is killed' grown_dead
promise 'all of it is killed' [ -z "$(cat "$(group_dir "${slice#/}/$grows")/cgroup.procs")" ]
promise 'its sibling survives' [ "$wrong" = 0 ]
promise 'the kernel OOM-kills nothing' [ "$group_kills" = 0 ]
incident_end
