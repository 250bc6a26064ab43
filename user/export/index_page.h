/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The page at /: what `headroom ls` shows, for a browser; no script, reloads itself. */
#ifndef HEADROOM_EXPORT_INDEX_PAGE_H
#define HEADROOM_EXPORT_INDEX_PAGE_H

#include "chunked_body.h"
#include "format/snapshot.h"

/* s NULL: there is no board, and `why` says so. */
void web_page(struct page *page, struct snapshot *s, const char *reason);

#endif
