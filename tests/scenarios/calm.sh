# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# No incident: the host and its services, so that there is something to compare with. The pauses that are seen here are the
# machine's own (in a guest: the emulation's).
. tests/scenarios/lib.sh
policy=tests/scenarios/build.yaml
host_start
guardian_begin
sleep 15
host_row
promise 'nothing is killed' [ "$wrong" = 0 ]
incident_end
