# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# earlyoom, configured with knowledge of the incident: what will go wrong, and which services must survive.

guardian_start() {
	peer /usr/bin/earlyoom -r 3600 --prefer '^(cc1|make|hog)$' --avoid '^(postgres|sshd|systemd-journal)$' \
		>"$work/guardian.log" 2>&1 &
}
guardian_ready() { grep -q 'mem avail' "$work/guardian.log"; }
