/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Options as data: a command states a table, and its help, its parser and its error messages follow
 * from it. Values are stored in the command's own struct, at the offsets in the table.
 *
 *	struct ls_options { bool json; const char *sort; };
 *	static const struct option_spec specs[] = {
 *		OPTION_FLAG("json", struct ls_options, json, "print JSON"),
 *		…, {0}
 *	};
 */
#ifndef HEADROOM_OPTIONS_H
#define HEADROOM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct option_spec {
	const char *name; /* without its dashes; NULL ends the table */
	const char *
		argument; /* its argument, for the help; NULL: a flag that sets a bool, or calls parse */
	int (*parse)(const char *text, void *at); /* 0 or -errno; text is NULL for a flag */
	size_t offset;
	const char *help;
	const char *wants;             /* the expected value, for the error message; or: */
	const char *(*word)(size_t i); /* the valid words, NULL past the end */
};

#define OPTION_FLAG(name_, type_, field_, help_)                                \
	{                                                                       \
		.name = name_, .offset = offsetof(type_, field_), .help = help_ \
	}

/* Local time is UTC from here on, in what is printed and in each TIME, before it or behind it. */
int option_utc(const char *text, void *at);
#define OPTION_UTC                                                                               \
	{                                                                                        \
		.name = "utc", .parse = option_utc, .help = "times in UTC instead of local time" \
	}

int option_text(const char *text, void *at);        /* const char *: argv's own */
int option_duration_ms(const char *text, void *at); /* uint64_t, above 0 */
int option_time(const char *text, void *at);        /* uint64_t, wall nanoseconds */
#define OPTION_WANTS_DURATION "a duration such as 500ms, 1s or 5m"
#define OPTION_WANTS_TIME     "a time such as 03:10, yesterday, '1 hour ago' or '2026-11-22 12:30'"

#define OPTIONS_ERROR 512
/* argv[0] is the command. Returns the number of arguments that are no options (moved to argv[1…]),
 * -ECANCELED for --help, or with one line in error: -EINVAL for an unknown option, -EDOM for an
 * invalid value. Never prints. */
int options_parse(const struct option_spec *specs, int argc, char **argv, void *values,
		  char error[OPTIONS_ERROR]);
void options_help(FILE *out, const struct option_spec *specs);

/* The known word that is nearest to a mistyped one; NULL if none is near. */
const char *suggest(const char *typed, const char *(*word)(size_t i));

#endif
