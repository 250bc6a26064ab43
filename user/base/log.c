// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* One line to stderr. Only a program's main file calls it. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static const char *name = "headroom";

void log_name(const char *program) { name = program; }

static void log_line(const char *format, va_list args)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s: ", name);

	vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	fprintf(stderr, "%s\n",
		line); /* one write, so that lines of several processes do not mix */
}

void log_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(format, args);
	va_end(args);
}

void log_info(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_line(format, args);
	va_end(args);
}
