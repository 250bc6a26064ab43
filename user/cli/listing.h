/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The plain table of `headroom ls`, and of `headroom top` into a pipe. width 0: no terminal, nothing is cut. */
#ifndef HEADROOM_LISTING_H
#define HEADROOM_LISTING_H

#include <stdio.h>
#include "format/snapshot.h"

void listing_print(FILE *out, const struct snapshot *s, size_t width, bool colour, bool ascii);
/* One line on stderr if the daemon is silent; returns CLI_DONE or CLI_NO_DAEMON. */
int listing_warn(const struct snapshot *s);

#endif
