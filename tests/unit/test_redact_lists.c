// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Redaction of lists of command lines (tests/fixtures/redact/): the share of secrets that stay
 * hidden and of ordinary lines that stay whole. Of each there is a list that was written before the
 * rules were tried on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "identify/redact.h"

/* "a|b PIPE c" as arguments: a, "b | c". */
static size_t to_args(char *text)
{
	size_t n = strcspn(text, "\n");

	text[n] = 0;
	for (char *at = text; (at = strchr(at, '|'));)
		if (at > text && at[-1] == ' ' && at[1] == ' ')
			at++; /* a shell's */
		else
			*at++ = 0;
	for (char *at = text; at + 4 <= text + n; at++)
		if (!memcmp(at, "PIPE", 4))
			memcpy(at, "|   ", 4);
	return n + 1;
}

/* Of `count` lines, how many show S3CRET (secrets) or hide anything (ordinary). */
static unsigned int wrong(const char *path, bool secrets, unsigned int *ret_count)
{
	FILE *file = fopen(path, "re");
	char text[1024], args[1024], line[1024];
	unsigned int count = 0, bad = 0;

	assert_non_null(file);
	while (fgets(text, sizeof(text), file)) {
		bool fail;

		if (text[0] == '#')
			continue;
		memcpy(args, text, sizeof(args));
		redact_args(args, to_args(args), line, sizeof(line));
		fail = strstr(line, secrets ? "S3CRET" : REDACTED) != NULL;
		if (fail)
			print_message("%s: %s", secrets ? "shown" : "hidden", text);
		if (fail && !secrets)
			print_message("    %s\n", line);
		bad += fail;
		count++;
	}
	fclose(file);
	print_message("%s: %u of %u wrong\n", path, bad, count);
	*ret_count = count;
	return bad;
}

static void test_secrets(void **state)
{
	unsigned int count, heldout;
	unsigned int bad = wrong("tests/fixtures/redact/secrets.txt", true, &count);
	unsigned int bad_heldout =
		wrong("tests/fixtures/redact/secrets-heldout.txt", true, &heldout);

	assert_int_equal(bad, 0);
	assert_true(bad_heldout * 100 <= heldout * 2);
	assert_true(count + heldout >= 150);
}

static void test_ordinary(void **state)
{
	unsigned int count, heldout;
	unsigned int bad = wrong("tests/fixtures/redact/ordinary.txt", false, &count);
	unsigned int bad_heldout =
		wrong("tests/fixtures/redact/ordinary-heldout.txt", false, &heldout);

	assert_int_equal(bad, 0);
	assert_true(bad_heldout * 100 <= heldout);
	assert_true(count + heldout >= 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_ordinary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
