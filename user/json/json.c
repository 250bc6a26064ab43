// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Single values of the board as JSON. Knows no record. */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8_clean.h"
#include "format/history.h"

#define TEXT_MOST (4 * HR_EVENT_MAX_BYTES) /* text_clean() expands a byte to at most four */

int json_fields(json_t *object, const struct json_field *table, const struct record_text *from,
		const void *base)
{
	for (; table->key; table++)
		if (json_object_set_new(object, table->key,
					table->get(from, (const char *)base + table->offset)))
			return -ENOMEM;
	return 0;
}

json_t *json_clean(const char *text, size_t n)
{
	char clean[TEXT_MOST + 1];

	return text ? json_string(text_clean(text, n, clean, sizeof(clean))) : json_null();
}

json_t *json_word(const char *word) { return word ? json_string(word) : json_null(); }

/* No counter reaches what JSON's integers cannot hold. */
json_t *json_get_bytes(const struct record_text *from, const void *at)
{
	uint64_t value = *(const uint64_t *)at;

	return value > INT64_MAX ? json_null() : json_integer((json_int_t)value);
}

json_t *json_get_u32(const struct record_text *from, const void *at)
{
	uint32_t value = *(const uint32_t *)at;

	return value == HR_UNKNOWN_U32 ? json_null() : json_integer(value);
}

json_t *json_get_u32_flag(const struct record_text *from, const void *at)
{
	uint32_t value = *(const uint32_t *)at;

	return value == HR_UNKNOWN_U32 ? json_null() : json_boolean(value);
}

json_t *json_get_i32(const struct record_text *from, const void *at)
{
	return json_integer(*(const int32_t *)at);
}

json_t *json_get_rate(const struct record_text *from, const void *at)
{
	int64_t value = *(const int64_t *)at;

	return value == HR_UNKNOWN_I64 ? json_null() : json_integer(value);
}

json_t *json_get_id(const struct record_text *from, const void *at)
{
	uint64_t id = *(const uint64_t *)at;
	char text[24];

	if (!id) /* the host, or the daemon */
		return json_null();
	snprintf(text, sizeof(text), "%" PRIu64, id);
	return json_string(text);
}

json_t *json_get_time(const struct record_text *from, const void *at)
{
	uint64_t wall_ns = *(const uint64_t *)at;
	char text[CLOCK_TEXT];

	if (!wall_ns || wall_ns == HR_UNKNOWN)
		return json_null();
	clock_format_rfc3339(wall_ns, text);
	return json_string(text);
}

json_t *json_get_ms(const struct record_text *from, const void *at)
{
	uint64_t ms = *(const uint64_t *)at;

	return ms == HR_UNKNOWN ? json_null() : json_real((double)ms / 1e3);
}

json_t *json_get_ns(const struct record_text *from, const void *at)
{
	uint64_t ns = *(const uint64_t *)at;

	return ns == HR_UNKNOWN ? json_null() : json_real((double)ns / 1e9);
}

json_t *json_get_text(const struct record_text *from, const void *at)
{
	return json_clean(from->text(from->record, *(const struct hr_str *)at), SIZE_MAX);
}

json_t *json_get_comm(const struct record_text *from, const void *at)
{
	const char *comm = at;

	return json_clean(*comm ? comm : NULL, 16);
}

static json_t *percent(uint32_t centi)
{
	return centi == HR_UNKNOWN_U32 ? json_null() : json_real(centi / 100.0);
}

json_t *json_get_pressure(const struct record_text *from, const void *at)
{
	const struct hr_pressure *p = at;

	if (p->some_avg10_centi == HR_UNKNOWN_U32 && p->full_avg10_centi == HR_UNKNOWN_U32 &&
	    p->some_total_us == HR_UNKNOWN && p->full_total_us == HR_UNKNOWN)
		return json_null(); /* v1, or no PSI */
	return json_pack("{so so so so}", "some_avg10", percent(p->some_avg10_centi), "full_avg10",
			 percent(p->full_avg10_centi), "some_total_us",
			 json_get_bytes(from, &p->some_total_us), "full_total_us",
			 json_get_bytes(from, &p->full_total_us));
}

static json_t *kib(uint32_t value)
{
	return value == HR_UNKNOWN_U32 ? json_null() : json_integer((json_int_t)value * 1024);
}

json_t *json_point(const struct hr_point *point, uint64_t created_ns)
{
	uint64_t time_ns = history_time_ns(point, created_ns);

	return json_pack("{so so so so}", "time", json_get_time(NULL, &time_ns), "usage_bytes",
			 kib(point->usage_kib), "unreclaimable_bytes",
			 kib(point->unreclaimable_kib), "headroom_bytes", kib(point->headroom_kib));
}
