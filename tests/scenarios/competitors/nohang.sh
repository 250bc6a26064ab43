# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# nohang with its own configuration, except for the threshold: all act below 10 % available.

guardian_start() {
	sed -e 's/^soft_threshold_min_mem *=.*/soft_threshold_min_mem = 10 %/' \
		-e 's/^hard_threshold_min_mem *=.*/hard_threshold_min_mem = 5 %/' \
		-e 's/^warning_threshold_min_mem *=.*/warning_threshold_min_mem = 15 %/' \
		/disk/etc/nohang/nohang.conf >/run/nohang.conf
	peer /usr/bin/python3 -W ignore /usr/sbin/nohang --monitor --config /run/nohang.conf >"$work/guardian.log" 2>&1 &
}
guardian_ready() { grep -q 'Monitoring has started' "$work/guardian.log"; }
