/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The response to one scrape: collects the values of each container slot by slot, then writes the text in pieces as fast as
 * the client reads. Ten thousand containers are 48 MB of text, which is never in memory at once.
 *
 *	scrape = exposition_new(&config, labels);
 *	while (!hr_reader_slot(reader, &index, &slot))
 *		exposition_add(scrape, &slot, index, now);
 *	exposition_close(scrape, &head, &extra);
 *	while ((n = exposition_read(scrape, buffer, sizeof(buffer))) > 0)
 *		…
 *	exposition_free(scrape);
 *
 * One series per cgroup path: of several cgroups with one path the running one, else the latest.
 */
#ifndef HEADROOM_EXPORT_EXPOSITION_H
#define HEADROOM_EXPORT_EXPOSITION_H

#include "metrics.h"

struct exposition;
struct exposition_labels; /* the labels of the last scrape, copied for unchanged slots; one thread at a time */

struct exposition_labels *exposition_labels_new(void);         /* NULL: no memory */
void exposition_labels_free(struct exposition_labels *labels); /* takes NULL */

/* Copies config. NULL: no memory. exposition_close() reports later allocation failures. */
struct exposition *exposition_new(const struct metrics_config *config,
				  struct exposition_labels *labels);
void exposition_add(struct exposition *scrape, const struct hr_slot *slot, uint32_t index,
		    uint64_t now_ns);
/* 0 or -ENOMEM. head: from snapshot_head(). Keeps no reference to either. */
int exposition_close(struct exposition *scrape, const struct snapshot *head,
		     const struct metrics_extra *extra);
/* The number of bytes written to `to`; 0 at the end; or -ENOMEM. */
long exposition_read(struct exposition *scrape, char *to, size_t space);
/* The same scrape for another reader, from its start; `scrape` is closed, and nothing was read from it. NULL: no memory. Both
 * are to be freed; one thread for all that share. */
struct exposition *exposition_share(struct exposition *scrape);
void exposition_free(struct exposition *scrape); /* takes NULL */

#endif
