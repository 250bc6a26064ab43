// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A set of pids in memory that was taken at the start: which ones were signalled, which ones the kernel lists. */
#include <string.h>

#include "enforce_internal.h"

static uint32_t home(uint32_t pid)
{
	return (pid * 2654435769u >> 16) & (PIDSET - 1); /* Fibonacci hashing */
}

void pidset_clear(struct pidset *set)
{
	if (set->n)
		memset(set, 0, sizeof(*set));
}

bool pidset_has(const struct pidset *set, uint32_t pid)
{
	for (uint32_t s = home(pid); set->slot[s]; s = (s + 1) & (PIDSET - 1))
		if (set->slot[s] == pid)
			return true;
	return false;
}

bool pidset_add(struct pidset *set, uint32_t pid)
{
	uint32_t s = home(pid);

	for (; set->slot[s]; s = (s + 1) & (PIDSET - 1))
		if (set->slot[s] == pid)
			return false;
	if (set->n >= PIDSET / 2)
		return false;
	set->slot[s] = pid;
	set->n++;
	return true;
}
