# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same burst, under a policy without the reflex: the tripwire wakes the daemon, which kills.
. tests/scenarios/burst.sh
