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

static bool make_space(struct page *page, size_t n)
{
	size_t space = page->space ? page->space : 16384;
	char *bigger;

	if (page->failed || n > SIZE_MAX / 4 - page->n)
		return false;
	while (space < page->n + n)
		space *= 2;
	if (space == page->space)
		return true;
	bigger = realloc(page->text, space);
	if (!bigger) {
		page->failed = true;
		return false;
	}
	page->text = bigger;
	page->space = space;
	return true;
}

void page_reserve(struct page *page, size_t n) { make_space(page, n); }

void page_add(struct page *page, const char *text, size_t n)
{
	if (!n || !make_space(page, n))
		return;
	memcpy(page->text + page->n, text, n);
	page->n += n;
}

void page_puts(struct page *page, const char *text) { page_add(page, text, strlen(text)); }

void page_printf(struct page *page, const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	page_add(page, line, n < 0 ? 0 : (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

#define EXACT_MOST 9007199254740992.0 /* 2^53 */
#define DECIMALS   9

/* Figures are whole, or whole numbers of some smaller unit: printing those by hand is what makes a scrape of 10,000 containers
 * quick. What comes out reads as the same double; of others 15 digits are enough. */
void page_number(struct page *page, double value)
{
	char digits[48], *end = digits + sizeof(digits), *at = end;
	double scaled = value;
	uint64_t whole;
	int point = 0;

	if (value >= 0 && value < EXACT_MOST / 1e9 && value != floor(value)) {
		scaled = nearbyint(value * 1e9);
		point = scaled / 1e9 == value ? DECIMALS : 0;
	}
	if (!(value >= 0 && value < EXACT_MOST) ||
	    (!point && value != floor(value))) { /* NAN, too */
		if (isnan(value))
			page_puts(page, "NaN");
		else
			page_printf(page, "%.15g", value);
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
	page_add(page, at, (size_t)(end - at));
}

void page_html(struct page *page, const char *clean)
{
	for (; *clean; clean++) {
		switch (*clean) {
		case '&':
			page_puts(page, "&amp;");
			break;
		case '<':
			page_puts(page, "&lt;");
			break;
		case '>':
			page_puts(page, "&gt;");
			break;
		case '"':
			page_puts(page, "&quot;");
			break;
		default:
			page_add(page, clean, 1);
		}
	}
}

int page_end(struct page *page)
{
	if (make_space(page, 1))
		page->text[page->n] = '\0';
	return page->failed ? -ENOMEM : 0;
}

void page_done(struct page *page)
{
	free(page->text);
	memset(page, 0, sizeof(*page));
}
