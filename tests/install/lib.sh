# shellcheck shell=dash
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What the tests of the install share: verdicts, and a folder of their own.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$top" || exit 1
PATH=$PATH:/usr/sbin:/sbin
build=${HEADROOM_BUILD:-build}
work=$(mktemp -d "${INSTALL_TMP:-/tmp}/install.XXXXXX")

fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}
skip() {
	printf 'skip: %s\n' "$*"
	exit 77
}
need() { command -v "$1" >/dev/null || skip "$1 is not here"; }
clean_up() {
	status=$?
	type scenario_clean_up >/dev/null 2>&1 && scenario_clean_up
	rm -rf "$work"
	exit $status
}
trap clean_up EXIT
trap 'exit 143' INT TERM

# what is expected of it, a file or - : one line each
same() { # what, expected, got
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
