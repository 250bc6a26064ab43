# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Two thirds of the host are reserved huge pages: a share of the host's memory is of the rest, which is not short. In a VM.
. "$(dirname "$0")/lib.sh"

[ -n "${HEADROOM_VM:-}" ] || skip 'huge pages are reserved in a VM only'
total=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)
echo $((total * 2 / 3 / 2048)) >/proc/sys/vm/nr_hugepages
huge=$(sed -n 's/^Hugetlb: *\([0-9]*\).*/\1/p' /proc/meminfo)
scenario_clean_up() { echo 0 >/proc/sys/vm/nr_hugepages; }
[ "$huge" -gt $((total / 2)) ] || skip "only $huge KiB of huge pages could be had"
available=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
# Between the share of what can be had and that of all memory.
percent=$((available * 100 / (total - huge) - 25)) # the daemon and the workload take some of it
[ $((percent * total / 100)) -gt "$available" ] || skip "$available KiB of $total KiB are available"
cat >"$work/policy.yaml" <<Y
mode: dry-run
policies:
  - {name: host-is-full, match: {process: "workload*", scope: host_processes}, when: {host_available: $percent%}, actions: [notify, kill]}
Y
BOARD=$work/board
daemon_start --config "$work/policy.yaml" || fail 'the daemon does not start'
"$workload" hold 8M >/dev/null &
held=$!
sweeps 3
kill $held
cli events --json --type action | jq -s . | expect 'length == 0' 'the host is not short'
snapshot | expect ".host.memory.hugetlb_bytes == $((huge * 1024)) and .host.headroom_bytes < $(((total - huge) * 1024))"
cli explain host | grep 'reserved huge pages' || fail 'explain host does not name the huge pages'
# Given back while it runs: the board follows.
echo 0 >/proc/sys/vm/nr_hugepages
sweeps 2
snapshot | expect '.host.memory.hugetlb_bytes == 0'
