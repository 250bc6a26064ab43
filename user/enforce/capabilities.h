/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which capabilities daemon and supervisor keep, and what for. */
#ifndef HEADROOM_ENFORCE_CAPABILITIES_H
#define HEADROOM_ENFORCE_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct daemon_capability {
	unsigned int capability, instead; /* instead: one that includes it; the same: none */
	bool missed;                      /* `headroom check` counts it as missing */
	const char *name, *use;
	const char *cost; /* without it */
};

extern const struct daemon_capability daemon_capabilities[];
extern const size_t daemon_capabilities_n;

/* Of the daemon, from its first thread on; bit n: capability n. */
uint64_t daemon_capabilities_kept(void);
/* Of the supervisor: it starts the daemon, gives the resolver another user, and runs the commands of policies, which get no more
 * than this. */
uint64_t supervisor_capabilities_kept(void);

#endif
