# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Debian 12.
. "$(dirname "$0")/deb.inc"
test_deb bookworm
