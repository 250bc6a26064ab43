# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# earlyoom as Debian starts it: SIGTERM below 10 % available, SIGKILL below 5 %.

guardian_start() { peer /usr/bin/earlyoom -r 3600 >"$work/guardian.log" 2>&1 & }
guardian_ready() { grep -q 'mem avail' "$work/guardian.log"; }
