# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A 416 MB host without swap builds an image: forty jobs of 6 MB, each growing, beside a database of 90 MB, an ssh-like server
# and a journal. The largest process is the database, which does not grow.
. tests/scenarios/lib.sh
[ -n "$in_vm" ] || skip 'this takes all of a host'
id=4b1d0c0ffee0deadbeefcafe00112233445566778899aabbccddeeff00112233
host_start
guardian_begin
service_start docker-$id.scope build 40 6MiB 512KiB
build_over() { ! alive docker-$id.scope; }
wait_for 3 build_over
note build_over_s "$(($(now) - guardian_since))cs"
sleep 5
build_over && note build dead || note build alive
host_row
note available_mib $(($(sed -n 's/MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024))
promise 'the build is killed' build_over
promise 'nothing else is killed' [ "$wrong" = 0 ]
promise 'the kernel OOM-kills nothing' [ $kills = 0 ]
# Where time is not steady a pause is this machine's as well, and everything takes ten times as long.
promise 'the server never pauses for more than 200 ms' [ "$pause" -le $((200 * ${HEADROOM_STEADY:-10})) ]
incident_end
