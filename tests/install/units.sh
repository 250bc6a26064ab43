# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The units as systemd reads them: nothing unknown in them, and as tight as docs/how-to/install.md says.
. "$(dirname "$0")/lib.sh"

need systemd-analyze
for unit in deploy/systemd/*.service; do
	name=$(basename "$unit")
	# A program that is here, in place of one that is not installed.
	sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$work/$name"
done
for unit in "$work"/*.service; do
	said=$(systemd-analyze verify --man=no "$unit" 2>&1)
	[ -z "$said" ] || fail "$said"
done
# In tenths, as `systemd-analyze security` counts: its figure may not be above this.
while read -r name most; do
	said=$(systemd-analyze security --offline=yes --threshold="$most" "$work/$name" 2>&1) ||
		fail "$name is looser than $most: $(printf '%s' "$said" | tail -n 1)"
	figure=$(printf '%s' "$said" | sed -n 's/.*Overall exposure level for .*: \([0-9.]*\) .*/\1/p')
	grep -q "$name.*\b$figure\b" docs/how-to/install.md || fail "docs/how-to/install.md says something else of $name than $figure"
done <<-'T'
	headroomd.service 33
	headroom-export.service 13
	headroom-recorder.service 4
T
