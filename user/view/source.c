// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Pictures of now. Never waits. */
#include "source.h"

int source_load(struct source *source, struct snapshot *s)
{
	return snapshot_load(s, source->board);
}
