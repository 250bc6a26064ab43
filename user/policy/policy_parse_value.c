// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One value of the configuration: a size, share, time, number or word. Errors say what was expected. */
#include "policy_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headroom/board.h>

#include "base/cleanup.h"
#include "base/human_units.h"

static int bad(const struct tree *tree, const struct tree_node *node, const char *what,
	       const char *expected)
{
	return tree_complain(tree, node, tree_what(node), "%s: %s", what, expected);
}

/* 0; -EINVAL: no size; -EDOM: outside the bounds. */
static int parse_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes;
	int err = units_parse_bytes(text, &bytes);

	if (err == -EINVAL)
		return err;
	if (err || bytes > POLICY_SIZE_MOST || bytes < POLICY_SIZE_LEAST)
		return -EDOM;
	*ret_bytes = bytes;
	return 0;
}

int value_size(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t *ret_bytes)
{
	const char *text = tree_text(node);
	int err = text ? parse_size(text, ret_bytes) : -EINVAL;

	if (err == -EDOM)
		return bad(tree, node, what, "expected a size from a page to 1PiB, such as 300MiB");
	return err ? bad(tree, node, what, "expected a size such as 300MiB") : 0;
}

/* "12.5" as 125 for one decimal; more decimals are refused, not cut. */
static int parse_decimal(const char *text, size_t bytes, unsigned int decimals, uint32_t *ret_value)
{
	uint64_t value = 0;
	size_t i = 0, point;

	for (; i < bytes && text[i] >= '0' && text[i] <= '9' && i < 9; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	if (!i)
		return -EINVAL;
	point = i;
	if (i < bytes && text[i] == '.')
		for (i++; i < bytes && text[i] >= '0' && text[i] <= '9' && decimals;
		     i++, decimals--)
			value = value * 10 + (uint64_t)(text[i] - '0');
	if (i < bytes || i == point + 1)
		return -EINVAL;
	for (; decimals; decimals--)
		value *= 10;
	if (value > UINT32_MAX)
		return -EINVAL;
	*ret_value = (uint32_t)value;
	return 0;
}

int value_amount(const struct tree *tree, const struct tree_node *node, const char *what,
		 struct policy_amount *ret_amount)
{
	const char *text = tree_text(node);
	size_t bytes = text ? strlen(text) : 0;
	uint64_t size;
	uint32_t milli;
	int err;

	if (bytes && text[bytes - 1] == '%') {
		if (parse_decimal(text, bytes - 1, 1, &milli))
			return bad(tree, node, what, "expected a share such as 90% or 99.5%");
		if (!milli || milli > 1000)
			return bad(tree, node, what, "expected a share above 0%, at most 100%");
		*ret_amount = (struct policy_amount){.bytes = HR_UNKNOWN, .milli = milli};
		return 0;
	}
	err = text ? parse_size(text, &size) : -EINVAL;
	if (err)
		return bad(tree, node, what,
			   err == -EDOM ? "expected a size from a page to 1PiB, such as 300MiB"
					: "expected a size such as 300MiB, or a share such as 90%");
	*ret_amount = (struct policy_amount){.bytes = size};
	return 0;
}

int value_growth(const struct tree *tree, const struct tree_node *node, const char *what,
		 uint64_t *ret_per_hour)
{
	static const struct {
		const char *unit;
		uint64_t times, by;
	} units[] = {{"s", 3600, 1}, {"m", 60, 1}, {"min", 60, 1}, {"h", 1, 1}, {"d", 1, 24}};
	const char *text = tree_text(node), *slash = text ? strrchr(text, '/') : NULL;
	char size[32];
	uint64_t bytes;

	if (slash && (size_t)(slash - text) < sizeof(size)) {
		memcpy(size, text, (size_t)(slash - text));
		size[slash - text] = 0;
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			if (strcmp(slash + 1, units[i].unit) || parse_size(size, &bytes))
				continue;
			*ret_per_hour = bytes * units[i].times / units[i].by;
			return 0;
		}
	}
	return bad(tree, node, what, "expected a size per s, min, h or d, such as 100MiB/h");
}

int value_rate(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t least, uint64_t most, uint64_t *ret_per_second)
{
	const char *text = tree_text(node);
	size_t digits = text ? strspn(text, "0123456789") : 0;
	unsigned long long value = digits && digits < 19 ? strtoull(text, NULL, 10) : 0;

	if (!text || strcmp(text + digits, "/s") != 0 || value < least || value > most)
		return tree_complain(tree, node, tree_what(node),
				     "%s: expected a number per second from %llu/s to %llu/s, such "
				     "as 500/s",
				     what, (unsigned long long)least, (unsigned long long)most);
	*ret_per_second = value;
	return 0;
}

const char *value_time_text(uint64_t ms, char text[UNITS_TEXT])
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (ms < units[i].ms || ms % units[i].ms)
			continue;
		snprintf(text, UNITS_TEXT, "%llu%s", (unsigned long long)(ms / units[i].ms),
			 units[i].unit);
		return text;
	}
	return "0s";
}

int value_time(const struct tree *tree, const struct tree_node *node, const char *what,
	       uint64_t least_ms, uint64_t most_ms, uint64_t *ret_ms)
{
	const char *text = tree_text(node);
	char least[UNITS_TEXT], most[UNITS_TEXT];
	uint64_t ms;

	if (!text || units_parse_duration_ms(text, &ms) || ms < least_ms || ms > most_ms)
		return tree_complain(tree, node, tree_what(node),
				     "%s: expected a time from %s to %s, such as 30s", what,
				     value_time_text(least_ms, least),
				     value_time_text(most_ms, most));
	*ret_ms = ms;
	return 0;
}

int value_percent(const struct tree *tree, const struct tree_node *node, const char *what,
		  uint64_t *ret_centi)
{
	const char *text = tree_text(node);
	size_t bytes = text ? strlen(text) : 0;
	uint32_t centi;

	if (bytes && text[bytes - 1] == '%')
		bytes--;
	if (!text || parse_decimal(text, bytes, 2, &centi) || !centi || centi > 10000)
		return bad(tree, node, what, "expected a number above 0, at most 100, such as 80");
	*ret_centi = centi;
	return 0;
}

int value_integer(const struct tree *tree, const struct tree_node *node, const char *what,
		  long least, long most, long *ret_value)
{
	const char *text = tree_text(node);
	char *end;
	long value;

	errno = 0;
	value = text ? strtol(text, &end, 10) : 0;
	if (!text || !*text || *end || errno || value < least || value > most ||
	    !strchr("-0123456789", *text))
		return tree_complain(tree, node, tree_what(node),
				     "%s: expected a whole number from %ld to %ld", what, least,
				     most);
	*ret_value = value;
	return 0;
}

int value_word(const struct tree *tree, const struct tree_node *node, const char *what,
	       const char *const *words, size_t n, size_t *ret_i)
{
	const char *text = tree_text(node);
	char list[160];
	size_t used = 0;

	for (size_t i = 0; text && i < n; i++) {
		if (!strcmp(text, words[i])) {
			*ret_i = i;
			return 0;
		}
	}
	for (size_t i = 0; i < n && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
					 !i          ? ""
					 : i + 1 < n ? ", "
						     : " or ",
					 words[i]);
	return tree_complain(tree, node, tree_what(node), "%s: expected %s", what, list);
}

int value_line(const struct tree *tree, const struct tree_node *node, const char *what, size_t most,
	       const char **ret_text)
{
	const char *text = tree_text(node);

	if (!text || !*text || strlen(text) > most || strpbrk(text, "\n\t"))
		return tree_complain(tree, node, tree_what(node),
				     "%s: expected one line of 1 to %zu bytes", what, most);
	*ret_text = text;
	return 0;
}
