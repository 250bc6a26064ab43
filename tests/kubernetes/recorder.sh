# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The recorder's container keeps the history on the node: a pod that is gone has its report; it runs as a user of its own.
. "$(dirname "$0")/lib.inc"

since=$(mark)
pod_create past Never app 32Mi 'sleep 4; exec tail /dev/zero'
killed() { event_after "$since" '.type == "oom_kill" and .victim.pod == "past"'; }
wait_for 60 killed || fail 'no OOM kill'
pod_delete past
exec_in recorder headroom recorder --status --json | expect '.snapshots > 0 and .events > 0'
reported() { exec_in recorder headroom report past >"$work/report" 2>&1; }
wait_for 20 reported || { cat "$work/report" >&2; exec_in recorder headroom report >&2; fail 'no report'; }
head -n 1 "$work/report" | grep -qx '# OOM kill: test/past/app' || { cat "$work/report" >&2; fail 'the report does not name the pod'; }
on_node stat -c '%u %n' /var/lib/headroom | grep -q '^9478 ' || fail 'the history is not of user 9478'
