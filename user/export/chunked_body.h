/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A growing text buffer for request and response bodies. A failed allocation sets `failed`; body_end() reports it. */
#ifndef HEADROOM_EXPORT_CHUNKED_BODY_H
#define HEADROOM_EXPORT_CHUNKED_BODY_H

#include <stdbool.h>
#include <stddef.h>

struct body {
	char *text; /* not NUL-terminated until body_end() */
	size_t n, space;
	bool failed;
};

void body_reserve(struct body *body, size_t n); /* an estimate; avoids copies */
void body_add(struct body *body, const char *text, size_t n);
void body_puts(struct body *body, const char *text);
__attribute__((format(printf, 2, 3))) void body_printf(struct body *body, const char *format, ...);
void body_number(struct body *body, double value);    /* at least 15 digits; "NaN" for NAN */
void body_html(struct body *body, const char *clean); /* & < > " escaped */
int body_end(struct body *body);                      /* adds the NUL: 0 or -ENOMEM */
void body_done(struct body *body);

#endif
