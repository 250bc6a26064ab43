#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Prints what collect reads under this kernel, raw, while a group runs into its limit: for debugging when a kernel behaves
# differently; the live suite has the verdicts.
#
#   tools/vm --kernel 5.10 -- tests/vm/collect.sh
set -u
group=/sys/fs/cgroup/victim
mkdir $group && echo 40M >$group/memory.max || exit 1
[ ! -f $group/memory.swap.max ] || echo 0 >$group/memory.swap.max
build/tools/collect-dump --seconds 5 >/tmp/dump 2>&1 &
dump=$!
tries=0
while ! grep -q '^sweep' /tmp/dump && [ $tries -lt 300 ]; do
	sleep 0.2
	tries=$((tries + 1))
done
(
	echo 0 >/proc/self/oom_score_adj
	echo 0 >$group/cgroup.procs
	exec tail /dev/zero
)
wait $dump
status=$?
cat /tmp/dump
exit $status
