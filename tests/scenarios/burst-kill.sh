# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The same burst, under a rule that leaves BPF's reflex out: told by the tripwire, user space kills.
. tests/scenarios/burst.sh
