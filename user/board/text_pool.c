// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Adds text to records: each string once, cut where it does not fit, never beyond the record. */
#include "board.h"

#include <string.h>

#include "base/cleanup.h"
#include "layout.h"

#define STRING_LEAST 256 /* bytes of one string that always do */

void board_text_init(struct board_text *text, void *base, size_t start, size_t base_bytes)
{
	*text = (struct board_text){
		.base = base, .base_bytes = base_bytes, .start = (uint32_t)start};
}

static char *text_area(const struct board_text *text) { return (char *)text->base + text->start; }

/* The strings stand one behind the other, each with its NUL. */
static const char *text_find(const struct board_text *text, const char *string, size_t n)
{
	const char *area = text_area(text);

	for (uint32_t at = 0; at < text->used;) {
		size_t here = strnlen(area + at, text->used - at);

		if (here == n && !memcmp(area + at, string, n))
			return area + at;
		at += (uint32_t)here + 1;
	}
	return NULL;
}

static bool in_character(char c) { return (c & 0xc0) == 0x80; }

static struct hr_str text_add(struct board_text *text, const char *string, bool tail, size_t most)
{
	size_t end = text->base_bytes < UINT16_MAX ? text->base_bytes : UINT16_MAX;
	size_t space = end > text->start + text->used ? end - text->start - text->used : 0;
	const char *stands;
	size_t n;

	if (!string || !*string)
		return (struct hr_str){0};
	n = strlen(string);
	stands = text_find(text, string, n);
	if (!stands) {
		most = most < space ? most : space;
		if (n + 1 > most) {
			size_t keep = most ? most - 1 : 0;

			text->cut = true;
			if (tail)
				for (string += n - keep; keep && in_character(*string); string++)
					keep--;
			else
				while (keep && in_character(string[keep]))
					keep--;
			if (!keep)
				return (struct hr_str){0};
			n = keep;
		}
		stands = memcpy(text_area(text) + text->used, string, n);
		text_area(text)[text->used + n] = 0;
		text->used += (uint32_t)n + 1;
	}
	return (struct hr_str){.at = (uint16_t)(stands - (const char *)text->base)};
}

struct hr_str board_text_add(struct board_text *text, const char *string, bool tail)
{
	return text_add(text, string, tail, SIZE_MAX);
}

void board_text_identity(struct board_text *text, const void *from_base, size_t from_bytes,
			 const struct hr_identity *from, struct hr_identity *to)
{
	/* what people look for first comes first; none may take more than a third, so that one long
	 * label does not cost the others their names. In a small slot that would cut a common path. */
	static const struct {
		size_t at;
		bool tail;
	} strings[] = {
		{offsetof(struct hr_identity, name), false},
		{offsetof(struct hr_identity, container_id), false},
		{offsetof(struct hr_identity, pod), false},
		{offsetof(struct hr_identity, namespace), false},
		{offsetof(struct hr_identity, container), false},
		{offsetof(struct hr_identity, unit), false},
		{offsetof(struct hr_identity, pod_uid), false},
		{offsetof(struct hr_identity, cgroup), true},
		{offsetof(struct hr_identity, image), true},
	};
	size_t third = (text->base_bytes - text->start) / 3;
	size_t most = third > STRING_LEAST ? third : STRING_LEAST;
	struct hr_identity identity;

	memset(&identity, 0, sizeof(identity)); /* padding too: it goes to readers */
	identity.runtime = from->runtime;
	identity.kind = from->kind;
	identity.root_path = from->root_path;
	identity.chosen = from->chosen;
	identity.workload = from->workload;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		struct hr_str s;

		memcpy(&s, (const char *)from + strings[i].at, sizeof(s));
		s = text_add(text, layout_text(from_base, 1, from_bytes, s), strings[i].tail, most);
		memcpy((char *)&identity + strings[i].at, &s, sizeof(s));
	}
	memcpy(to, &identity, sizeof(identity));
}
