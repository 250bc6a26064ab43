/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One answer to a scrape: what there is to tell of each container is gathered slot by slot, then written piece by piece as
 * fast as the other side reads. Ten thousand containers are 48 MB of text, and never stand in memory at once.
 *
 *	scrape = scrape_new(&config, labels);
 *	while (!hr_reader_slot(reader, &index, &slot))
 *		scrape_add(scrape, &slot, index, now);
 *	scrape_close(scrape, &head, &extra);
 *	while ((n = scrape_read(scrape, buffer, sizeof(buffer))) > 0)
 *		…
 *	scrape_free(scrape);
 *
 * One series per path of a cgroup: of several the running one is told, else the latest.
 */
#ifndef HEADROOM_EXPORT_EXPOSITION_H
#define HEADROOM_EXPORT_EXPOSITION_H

#include "metrics.h"

struct scrape;
struct scrape_labels; /* the labels of the last scrape, to be copied where nothing changed; one thread at a time */

struct scrape_labels *scrape_labels_new(void);         /* NULL: no memory */
void scrape_labels_free(struct scrape_labels *labels); /* takes NULL */

/* config is copied. NULL: no memory. From then on memory that is missing is remembered, and told by scrape_close(). */
struct scrape *scrape_new(const struct metrics_config *config, struct scrape_labels *labels);
void scrape_add(struct scrape *scrape, const struct hr_slot *slot, uint32_t index, uint64_t now_ns);
/* 0 or -ENOMEM. head: of snapshot_head(). Both may go afterwards. */
int scrape_close(struct scrape *scrape, const struct snapshot *head,
		 const struct metrics_extra *extra);
/* How many bytes were written to `to`; 0 at the end. -ENOMEM. */
long scrape_read(struct scrape *scrape, char *to, size_t space);
void scrape_free(struct scrape *scrape); /* takes NULL */

#endif
