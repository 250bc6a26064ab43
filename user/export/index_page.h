/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The body at /: the table of `headroom ls` for a browser, with search and sorting; reloads its rows by itself. */
#ifndef HEADROOM_EXPORT_INDEX_PAGE_H
#define HEADROOM_EXPORT_INDEX_PAGE_H

#include "chunked_body.h"
#include "format/incident.h"
#include "format/snapshot.h"

/* s NULL: there is no board; `reason` is shown instead. */
void index_page_write(struct body *body, struct snapshot *s, const struct incidents *incidents,
		      const char *reason);

/* The script in it, for a Content-Security-Policy that allows this one only. */
const char *index_page_script(void);

#endif
