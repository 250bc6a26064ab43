/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Other programs of this host that end processes when memory is short. Reads /proc; allocates nothing. */
#ifndef HEADROOM_COLLECT_OTHER_KILLERS_H
#define HEADROOM_COLLECT_OTHER_KILLERS_H

#include <stddef.h>

/* "earlyoom (pid 812), kubelet (pid 900)" into text; "" if there is none. A process counts if it is named so, is in this PID
 * namespace, and either runs as root or in a unit of system.slice: a user's process of such a name is none. The number found,
 * or -errno. `root`: where the host's /proc is; "" for here. May block. */
int other_killers_find(const char *root, char *text, size_t bytes);

#endif
