// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reads the labels that policies use from state files. Omits a value that does not fit: half a
 * value could match what the owner did not write. */
#include "labels.h"

#include <errno.h>
#include <string.h>

#include "base/utf8_clean.h"
#include "state_file.h"

static const char *wanted[LABELS_MOST];
static size_t wanted_n;

int labels_want(const char *key)
{
	if (!*key || !text_has_no_controls(key, strlen(key)))
		return -EINVAL;
	if (wanted_n == LABELS_MOST)
		return -E2BIG;
	wanted[wanted_n++] = key;
	return 0;
}

static bool has(const char *labels, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = labels; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (!strncmp(at, key, n) && at[n] == '=')
			return true;
	return false;
}

void labels_take(const json_t *object, struct identity *identity)
{
	for (size_t i = 0; i < wanted_n; i++) {
		const char *value = json_string_value(json_object_get(object, wanted[i]));
		size_t used = strlen(identity->labels), key = strlen(wanted[i]), n;
		char *to = identity->labels + used;

		if (!value || has(identity->labels, wanted[i]))
			continue;
		n = strlen(value);
		if (used + key + n + 3 > sizeof(identity->labels))
			continue;
		if (used)
			*to++ = '\n';
		memcpy(to, wanted[i], key);
		to[key] = '=';
		memcpy(to + key + 1, value, n + 1);
		text_mask_controls(to + key + 1); /* a line end would begin another label */
	}
}
