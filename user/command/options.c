// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The parser of command lines. Never prints an error, never exits. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"

#define OPTIONS_MOST 16
#define HELP_COLUMN  22
#define HELP_WIDTH   78

int option_utc(const char *text, void *at)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

int option_text(const char *text, void *at)
{
	*(const char **)at = text;
	return *text ? 0 : -EINVAL;
}

int option_duration_ms(const char *text, void *at)
{
	uint64_t ms;
	int r = units_parse_duration_ms(text, &ms);

	if (r || !ms)
		return r ? r : -EINVAL;
	*(uint64_t *)at = ms;
	return 0;
}

int option_time(const char *text, void *at) { return clock_parse(text, clock_wall_ns(), at); }

/* Letters inserted, left out, replaced, or two exchanged: the typing errors between two words of a few letters. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(b), row[64] = {0}, above[64] = {0}, twice[64];

	if (n >= 64)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++)
		row[i] = i;
	for (size_t j = 1; a[j - 1]; j++) {
		memcpy(twice, above, sizeof(above));
		memcpy(above, row, sizeof(row));
		row[0] = j;
		for (size_t i = 1; i <= n; i++) {
			row[i] = above[i - 1] + (a[j - 1] != b[i - 1]);
			if (above[i] + 1 < row[i])
				row[i] = above[i] + 1;
			if (row[i - 1] + 1 < row[i])
				row[i] = row[i - 1] + 1;
			if (i > 1 && j > 1 && a[j - 1] == b[i - 2] && a[j - 2] == b[i - 1] &&
			    twice[i - 2] + 1 < row[i])
				row[i] = twice[i - 2] + 1;
		}
	}
	return row[n];
}

const char *suggest(const char *typed, const char *(*word)(size_t i))
{
	const char *best = NULL, *w;
	size_t least =
		1 + (strlen(typed) > 5); /* beyond that it is another word, not a typing error */

	for (size_t i = 0; (w = word(i)); i++) {
		size_t d = distance(typed, w);

		if (strlen(typed) >= 2 && !strncmp(w, typed, strlen(typed)))
			d = 0;
		if (d < least || (d == least && !best)) {
			least = d;
			best = w;
		}
	}
	return best;
}

static void list_words(const char *(*word)(size_t i), char *out, size_t bytes)
{
	size_t used = 0;
	const char *w;

	out[0] = 0;
	for (size_t i = 0; (w = word(i)) && used < bytes; i++)
		used += (size_t)snprintf(out + used, bytes - used, "%s%s", i ? ", " : "", w);
}

/* For the help, in lines. */
static void help_words(FILE *out, const char *(*word)(size_t i))
{
	size_t column = HELP_WIDTH;
	const char *w;

	for (size_t i = 0; (w = word(i)); i++) {
		if (column + strlen(w) + 2 > HELP_WIDTH) {
			fprintf(out, "%s  %-*s ", i ? ",\n" : "", HELP_COLUMN, "");
			column = HELP_COLUMN + 3;
		} else {
			column += (size_t)fprintf(out, ", ");
		}
		column += (size_t)fprintf(out, "%s", w);
	}
	fputc('\n', out);
}

static int bad_value(const struct option_spec *spec, const char *value, char error[OPTIONS_ERROR])
{
	char words[320], clean[64];

	text_clean(value, SIZE_MAX, clean, sizeof(clean));
	if (spec->word) {
		list_words(spec->word, words, sizeof(words));
		snprintf(error, OPTIONS_ERROR, "--%s: invalid value '%s': choose from %s",
			 spec->name, clean, words);
	} else {
		snprintf(error, OPTIONS_ERROR, "--%s: invalid value '%s': give %s", spec->name,
			 clean, spec->wants ? spec->wants : "a value");
	}
	return -EDOM;
}

static int option_store(const struct option_spec *spec, const char *value, void *values,
			char error[OPTIONS_ERROR])
{
	void *at = (char *)values + spec->offset;

	if (!spec->argument && spec->parse)
		return spec->parse(NULL, NULL);
	if (!spec->argument) {
		*(bool *)at = true;
		return 0;
	}
	return spec->parse(value, at) ? bad_value(spec, value, error) : 0;
}

/* From 1; 0: there is none. */
static int index_of(const struct option_spec *specs, const char *name)
{
	for (int i = 0; specs && specs[i].name; i++)
		if (!strcmp(specs[i].name, name))
			return i + 1;
	return 0;
}

/* Before any TIME is read. */
static void utc_first(const struct option_spec *specs, int argc, char **argv)
{
	while (specs && specs->name && specs->parse != option_utc)
		specs++;
	for (int i = 1; specs && specs->name && i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--utc"))
			option_utc(NULL, NULL);
}

int options_parse(const struct option_spec *specs, int argc, char **argv, void *values,
		  char error[OPTIONS_ERROR])
{
	struct option longs[OPTIONS_MOST + 2] = {{"help", no_argument, NULL, 'h'}};
	char clean[64];
	int c, at, n = 1;

	for (; specs && specs[n - 1].name && n <= OPTIONS_MOST; n++)
		longs[n] = (struct option){specs[n - 1].name,
					   specs[n - 1].argument ? required_argument : no_argument,
					   NULL, 'l'};
	utc_first(specs, argc, argv);
	optind = 0; /* glibc: reset */
	opterr = 0;
	while ((c = getopt_long(argc, argv, index_of(specs, "output") ? ":ho:" : ":h", longs,
				&at)) != -1) {
		if (c == 'h')
			return -ECANCELED;
		if (c == 'o')
			at = index_of(specs, "output");
		if (c == 'o' || c == 'l') {
			int r = option_store(&specs[at - 1], optarg, values, error);

			if (r)
				return r;
			continue;
		}
		text_clean(argv[optind - 1], SIZE_MAX, clean, sizeof(clean));
		if (c == ':')
			snprintf(error, OPTIONS_ERROR, "%s needs a value", clean);
		else
			snprintf(error, OPTIONS_ERROR, "unknown option %s", clean);
		return -EINVAL;
	}
	for (int i = optind; i < argc; i++)
		argv[1 + i - optind] = argv[i];
	return argc - optind;
}

void options_help(FILE *out, const struct option_spec *specs)
{
	for (; specs && specs->name; specs++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s%s%s", specs->name, specs->argument ? " " : "",
			 specs->argument ? specs->argument : "");
		fprintf(out, "  %-*s %s\n", HELP_COLUMN, left, specs->help);
		if (specs->word)
			help_words(out, specs->word);
	}
	fprintf(out, "  %-*s %s\n", HELP_COLUMN, "-h, --help", "this help");
}
