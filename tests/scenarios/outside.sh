# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A kill-switch of 300 MiB for processes outside of containers: it kills a worker that grows past it, and nothing else.
. tests/scenarios/lib.sh
[ -n "$in_vm" ] || skip 'this host has processes of others outside of containers'
host_start
guardian_begin
events_begin
group_make user.slice
slice=/user.slice service_start worker.service --name worker service 150MiB 20MiB
worker_dead() { ! alive worker.service; }
wait_for 5 worker_dead
host_row
if is_headroom; then
	note killed_at_mib "$(event_comes 1 "$(action kill)" | jq '(.inputs.rss_bytes // .inputs.usage_bytes) / 1048576 | floor')"
fi
promise 'the worker is killed' worker_dead
promise 'nothing else is killed' [ "$wrong" = 0 ]
promise 'one action is enough' eval '[ "$(ended_count)" = 1 ]'
incident_end
