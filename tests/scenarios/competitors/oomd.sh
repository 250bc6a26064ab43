# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# oomd, looking once a second (it cannot look more often): kills below system.slice when that has 75 % of the host's memory
# (with what the kernel and this harness hold, some 10 % is left then) or is under pressure; otherwise with its defaults.

guardian_start() {
	cat >/run/oomd.json <<-'END'
	{"rulesets": [
		{"name": "memory", "detectors": [
			["system.slice is large", {"name": "memory_above",
				"args": {"cgroup": "system.slice", "threshold": "75%", "duration": "0"}}],
			["system.slice is pressed", {"name": "pressure_above",
				"args": {"cgroup": "system.slice", "resource": "memory", "threshold": "40", "duration": "2"}}]],
		 "actions": [{"name": "kill_by_memory_size_or_growth", "args": {"cgroup": "system.slice/*"}}]}
	]}
	END
	peer /usr/bin/oomd --interval 1 --config /run/oomd.json >"$work/guardian.log" 2>&1 &
}
guardian_ready() { grep -q 'oomd running' "$work/guardian.log"; }
