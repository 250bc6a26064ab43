# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Ubuntu 24.04, where the mirror has it.
. "$(dirname "$0")/deb.inc"
test_deb noble
