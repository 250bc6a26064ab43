// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Text that grows by doubling. */
#include "chunked_body.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_space(struct body *body, size_t n)
{
	size_t space = body->space ? body->space : 16384;
	char *bigger;

	if (body->failed || n > SIZE_MAX / 4 - body->n)
		return false;
	while (space < body->n + n)
		space *= 2;
	if (space == body->space)
		return true;
	bigger = realloc(body->text, space);
	if (!bigger) {
		body->failed = true;
		return false;
	}
	body->text = bigger;
	body->space = space;
	return true;
}

void body_reserve(struct body *body, size_t n) { make_space(body, n); }

void body_add(struct body *body, const char *text, size_t n)
{
	if (!n || !make_space(body, n))
		return;
	memcpy(body->text + body->n, text, n);
	body->n += n;
}

void body_puts(struct body *body, const char *text) { body_add(body, text, strlen(text)); }

void body_printf(struct body *body, const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	body_add(body, line, n < 0 ? 0 : (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

#define EXACT_MAX 9007199254740992.0 /* 2^53 */
#define DECIMALS  9

/* Figures are whole, or whole numbers of some smaller unit: printing those by hand is what makes a scrape of 10,000 containers
 * quick. What comes out reads as the same double; of others 15 digits are enough. */
void body_number(struct body *body, double value)
{
	char digits[48], *end = digits + sizeof(digits), *at = end;
	double scaled = value;
	uint64_t whole;
	int point = 0;

	if (value >= 0 && value < EXACT_MAX / 1e9 && value != floor(value)) {
		scaled = nearbyint(value * 1e9);
		point = scaled / 1e9 == value ? DECIMALS : 0;
	}
	if (!(value >= 0 && value < EXACT_MAX) ||
	    (!point && value != floor(value))) { /* NAN, too */
		if (isnan(value))
			body_puts(body, "NaN");
		else
			body_printf(body, "%.15g", value);
		return;
	}
	whole = (uint64_t)scaled;
	for (; point && whole % 10 == 0; point--)
		whole /= 10;
	for (int n = 0; whole || n <= point; n++) {
		if (point && n == point)
			*--at = '.';
		*--at = (char)('0' + whole % 10);
		whole /= 10;
	}
	body_add(body, at, (size_t)(end - at));
}

void body_html(struct body *body, const char *clean)
{
	for (; *clean; clean++) {
		switch (*clean) {
		case '&':
			body_puts(body, "&amp;");
			break;
		case '<':
			body_puts(body, "&lt;");
			break;
		case '>':
			body_puts(body, "&gt;");
			break;
		case '"':
			body_puts(body, "&quot;");
			break;
		default:
			body_add(body, clean, 1);
		}
	}
}

int body_end(struct body *body)
{
	if (make_space(body, 1))
		body->text[body->n] = '\0';
	return body->failed ? -ENOMEM : 0;
}

void body_done(struct body *body)
{
	free(body->text);
	memset(body, 0, sizeof(*body));
}
