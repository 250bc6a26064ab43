/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Text that grows: what an exporter builds before it sends it. Out of memory is remembered, not checked at each step. */
#ifndef HEADROOM_EXPORT_CHUNKED_BODY_H
#define HEADROOM_EXPORT_CHUNKED_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct page {
	char *text; /* not NUL-terminated until page_end() */
	size_t n, space;
	bool failed;
};

void page_reserve(struct page *page, size_t n); /* a guess spares the copying */
void page_add(struct page *page, const char *text, size_t n);
void page_puts(struct page *page, const char *text);
__attribute__((format(printf, 2, 3))) void page_printf(struct page *page, const char *format, ...);
void page_number(struct page *page, double value);    /* at least 15 digits; "NaN" for NAN */
void page_html(struct page *page, const char *clean); /* & < > " escaped */
int page_end(struct page *page);                      /* adds the NUL: 0 or -ENOMEM */
void page_done(struct page *page);

#endif
