# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# headroom, under the policy that stands beside the incident.

guardian_start() {
	in_guardian_group "$build/headroomd" --config "$policy" --mode enforce --board "$BOARD" >"$work/guardian.log" 2>&1 &
}
guardian_ready() { daemon_ready; }
