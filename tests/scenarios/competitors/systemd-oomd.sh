# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# systemd-oomd, configured by a stand-in for PID 1 to manage system.slice: full pressure above 40 % for a second, the shortest time
# that it takes.

guardian_start() {
	mkdir -p /run/systemd/oom /disk/etc/systemd/oomd.conf.d
	printf '[OOM]\nDefaultMemoryPressureDurationSec=1s\n' >/disk/etc/systemd/oomd.conf.d/99.conf
	peer_tree
	chroot /disk /usr/bin/python3 - <"$scenarios/competitors/managed-oom.py" >"$work/managed-oom.log" 2>&1 &
	pids="$pids pid1=$!"
	wait_for 5 grep -q listening "$work/managed-oom.log"
	export SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console
	peer /lib/systemd/systemd-oomd >"$work/guardian.log" 2>&1 &
}
guardian_ready() { grep -q SubscribeManaged "$work/managed-oom.log"; }
