// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* JSON text is YAML text; only what holds others is written in blocks. Keys are words of the contract. */
#include "json_yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "json.h"

static int put(const json_t *value, int indent, bool in_line, FILE *out);

static int put_object(const json_t *value, int indent, bool in_line, FILE *out)
{
	const char *key;
	json_t *member;
	int r = 0;

	json_object_foreach((json_t *)value, key, member)
	{
		fprintf(out, "%*s%s:", in_line ? 0 : indent, "", key);
		in_line = false;
		if (json_object_size(member) || json_array_size(member)) {
			fputc('\n', out);
			r |= put(member, indent + 2, false, out);
		} else {
			fputc(' ', out);
			r |= put(member, 0, true, out);
		}
	}
	return r;
}

static int put_array(const json_t *value, int indent, FILE *out)
{
	json_t *item;
	size_t i;
	int r = 0;

	json_array_foreach(value, i, item)
	{
		bool nested = json_array_size(item);

		fprintf(out, "%*s-%c", indent, "", nested ? '\n' : ' ');
		r |= put(item, indent + 2, !nested, out);
	}
	return r;
}

/* With a point before the exponent: to YAML 1.1 it is text without. */
static void put_real(double value, FILE *out)
{
	char text[32];
	size_t n;

	snprintf(text, sizeof(text), "%.15g", value);
	n = strcspn(text, "e");
	fprintf(out, "%.*s%s%s\n", (int)n, text, strchr(text, '.') ? "" : ".0", text + n);
}

/* in_line: the cursor stands where the value begins. */
static int put(const json_t *value, int indent, bool in_line, FILE *out)
{
	_cleanup_free_ char *text = NULL;

	if (json_object_size(value))
		return put_object(value, indent, in_line, out);
	if (json_array_size(value))
		return put_array(value, indent, out);
	if (json_is_real(value)) {
		put_real(json_real_value(value), out);
		return 0;
	}
	text = json_dumps(value, JSON_STYLE | JSON_ENCODE_ANY);
	fprintf(out, "%s\n", text ? text : "null");
	return text ? 0 : -ENOMEM;
}

int json_print_yaml(const json_t *value, FILE *out) { return put(value, 0, false, out); }

int json_print_yaml_item(const json_t *value, FILE *out)
{
	fputs("- ", out);
	return put(value, 2, true, out);
}
