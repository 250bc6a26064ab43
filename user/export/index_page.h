/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The body at /: the table of `headroom ls` for a browser, without scripts; reloads itself. */
#ifndef HEADROOM_EXPORT_INDEX_PAGE_H
#define HEADROOM_EXPORT_INDEX_PAGE_H

#include "chunked_body.h"
#include "format/snapshot.h"

/* s NULL: there is no board; `reason` is shown instead. */
void index_page_write(struct body *body, struct snapshot *s, const char *reason);

#endif
