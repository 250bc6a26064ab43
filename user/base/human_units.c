// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Numbers for people, and back. Integer arithmetic throughout, so that neither locale nor rounding
 * mode matters. Never allocates.
 */
#include "human_units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <headroom/board.h>

#include "cleanup.h"

/* Three significant digits at most: "1.5 GiB", "49.9 MiB", "512 MiB"; rounded to the nearest. */
static int format_bytes(uint64_t bytes, const char *prefix, const char *suffix,
			char text[UNITS_TEXT])
{
	static const char *const name[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned int unit = 0;
	uint64_t tenths;

	if (!bytes)
		return snprintf(text, UNITS_TEXT, "0");
	while (unit + 1 < ARRAY_SIZE(name) && bytes >> (10 * unit) >= 1024)
		unit++;
	if (!unit)
		return snprintf(text, UNITS_TEXT, "%s%u B%s", prefix, (unsigned int)bytes, suffix);
	for (;; unit++) {
		uint64_t whole = bytes >> (10 * unit);
		uint64_t rest = bytes & ((1ULL << (10 * unit)) - 1);

		/* the rest's upper ten bits decide a tenth, so that nothing overflows */
		rest >>= 10 * unit - 10;
		tenths = whole * 10 + (rest * 10 + 512) / 1024;
		if (tenths >= 1000) /* without a decimal */
			tenths = (whole + (rest >= 512)) * 10;
		if (tenths < 10240 || unit + 1 == ARRAY_SIZE(name))
			break; /* else 1023.6 KiB became 1024 KiB: write 1 MiB */
	}
	if (tenths % 10)
		return snprintf(text, UNITS_TEXT, "%s%u.%u %s%s", prefix,
				(unsigned int)(tenths / 10), (unsigned int)(tenths % 10),
				name[unit], suffix);
	return snprintf(text, UNITS_TEXT, "%s%u %s%s", prefix, (unsigned int)(tenths / 10),
			name[unit], suffix);
}

const char *units_bytes(uint64_t bytes, char text[UNITS_TEXT])
{
	if (bytes == HR_UNKNOWN)
		strcpy(text, "-");
	else
		format_bytes(bytes, "", "", text);
	return text;
}

const char *units_rate(int64_t bytes_per_second, char text[UNITS_TEXT])
{
	if (bytes_per_second == HR_UNKNOWN_I64)
		strcpy(text, "-");
	else if (bytes_per_second < 0)
		format_bytes(0 - (uint64_t)bytes_per_second, "-", "/s", text);
	else
		format_bytes((uint64_t)bytes_per_second, "+", "/s", text);
	return text;
}

/* Never more than what is left: cut, not rounded. */
const char *units_duration_ms(uint64_t ms, char text[UNITS_TEXT])
{
	uint64_t s = ms / 1000;

	if (ms == HR_UNKNOWN)
		strcpy(text, "-");
	else if (!ms)
		strcpy(text, "0s");
	else if (ms < 1000)
		snprintf(text, UNITS_TEXT, "%u ms", (unsigned int)ms);
	else if (s < 60)
		snprintf(text, UNITS_TEXT, "%us", (unsigned int)s);
	else if (s < 3600)
		snprintf(text, UNITS_TEXT, "%um%02us", (unsigned int)(s / 60),
			 (unsigned int)(s % 60));
	else if (s < 86400)
		snprintf(text, UNITS_TEXT, "%uh%02um", (unsigned int)(s / 3600),
			 (unsigned int)(s / 60 % 60));
	else
		snprintf(text, UNITS_TEXT, "%llud%02uh", (unsigned long long)(s / 86400),
			 (unsigned int)(s / 3600 % 24));
	return text;
}

const char *units_age_ns(uint64_t ns, char text[UNITS_TEXT])
{
	if (ns < 1000000000)
		return strcpy(text, "under 1s");
	return units_duration_ms(ns == HR_UNKNOWN ? ns : ns / 1000000000 * 1000, text);
}

struct decimal {
	uint64_t whole;
	uint64_t billionths;
};

/* Digits with an optional fraction; skips digits past the ninth. */
static int parse_decimal(const char **text, struct decimal *ret_value)
{
	const char *p = *text;
	struct decimal value = {0};
	uint64_t place = 100000000;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value.whole, 10, &value.whole) ||
		    __builtin_add_overflow(value.whole, (uint64_t)(*p - '0'), &value.whole))
			return -ERANGE;
	if (*p == '.') {
		if (*++p < '0' || *p > '9')
			return -EINVAL;
		for (; *p >= '0' && *p <= '9'; p++, place /= 10)
			value.billionths += (uint64_t)(*p - '0') * place;
	}
	*text = p;
	*ret_value = value;
	return 0;
}

/* value * scale, cut to a whole number */
static int decimal_scale(const struct decimal *value, uint64_t scale, uint64_t *ret_product)
{
	unsigned __int128 product = (unsigned __int128)value->whole * scale +
				    (unsigned __int128)value->billionths * scale / 1000000000;

	if (product >= UINT64_MAX) /* UINT64_MAX itself means "unknown" */
		return -ERANGE;
	*ret_product = (uint64_t)product;
	return 0;
}

struct unit {
	const char *word;
	uint64_t scale;
};

static const struct unit *unit_find(const struct unit *units, size_t n, const char *word,
				    size_t bytes)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(units[i].word) == bytes && !memcmp(units[i].word, word, bytes))
			return &units[i];
	return NULL;
}

int units_parse_bytes(const char *text, uint64_t *ret_bytes)
{
	/* No lower-case m or g: elsewhere "m" is a thousandth. */
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"k", 1ULL << 10},
		{"K", 1ULL << 10},
		{"Ki", 1ULL << 10},
		{"KiB", 1ULL << 10},
		{"M", 1ULL << 20},
		{"Mi", 1ULL << 20},
		{"MiB", 1ULL << 20},
		{"G", 1ULL << 30},
		{"Gi", 1ULL << 30},
		{"GiB", 1ULL << 30},
		{"T", 1ULL << 40},
		{"Ti", 1ULL << 40},
		{"TiB", 1ULL << 40},
		{"P", 1ULL << 50},
		{"Pi", 1ULL << 50},
		{"PiB", 1ULL << 50},
		{"EiB", 1ULL << 60},
		{"kB", 1000ULL},
		{"KB", 1000ULL},
		{"MB", 1000000ULL},
		{"GB", 1000000000ULL},
		{"TB", 1000000000000ULL},
		{"PB", 1000000000000000ULL},
	};
	struct decimal value;
	const struct unit *unit;
	int r = parse_decimal(&text, &value);

	if (r)
		return r;
	if (*text == ' ')
		text++;
	unit = unit_find(units, ARRAY_SIZE(units), text, strlen(text));
	if (!unit || (unit->scale == 1 && value.billionths))
		return -EINVAL;
	return decimal_scale(&value, unit->scale, ret_bytes);
}

int units_parse_duration_ms(const char *text, uint64_t *ret_ms)
{
	static const struct unit units[] = {
		/* each unit at most once, in falling order */
		{"d", 86400000}, {"h", 3600000}, {"m", 60000},
		{"min", 60000},  {"s", 1000},    {"ms", 1},
	};
	uint64_t total = 0, last_scale = UINT64_MAX;

	if (!strcmp(text, "0")) {
		*ret_ms = 0;
		return 0;
	}
	do {
		struct decimal value;
		const struct unit *unit;
		uint64_t part;
		size_t bytes;
		int r = parse_decimal(&text, &value);

		if (r)
			return r;
		if (*text == ' ')
			text++;
		bytes = strspn(text, "dhmins");
		unit = unit_find(units, ARRAY_SIZE(units), text, bytes);
		if (!unit || unit->scale >= last_scale)
			return -EINVAL;
		last_scale = unit->scale;
		text += bytes;
		r = decimal_scale(&value, unit->scale, &part);
		if (r)
			return r;
		if (__builtin_add_overflow(total, part, &total) || total == UINT64_MAX)
			return -ERANGE;
	} while (*text);
	*ret_ms = total;
	return 0;
}
