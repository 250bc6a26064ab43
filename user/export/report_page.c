// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See report_page.h. */
#include "report_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

int incidents_of_board(const char *board, struct event_log *events, struct incidents *ret)
{
	struct hr_reader *reader = NULL;
	int r = hr_reader_open(board, &reader);

	if (!r)
		r = event_log_load(events, reader);
	if (!r)
		r = incidents_of(events, ret);
	hr_reader_close(reader);
	return r;
}

static int write_report(struct body *body, const struct report *report)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int r = out ? report_html(report, out) : -ENOMEM;

	if (out && fclose(out))
		r = -ENOMEM;
	if (!r)
		body_add(body, text, n);
	free(text);
	return r;
}

int report_page_write(struct body *body, const char *board, const struct event_log *events,
		      const struct incidents *incidents, const char *id)
{
	struct hr_reader *readers[1] = {NULL};
	struct report report = {0};
	int r;

	for (size_t i = 0; i < incidents->n; i++) {
		if (strcmp(incidents->incident[i].id, id) != 0)
			continue;
		r = hr_reader_open(board, &readers[0]);
		if (!r)
			r = report_build(&report, &incidents->incident[i], events, readers, 1);
		if (!r)
			r = write_report(body, &report);
		report_done(&report);
		hr_reader_close(readers[0]);
		return r;
	}
	return -ENOENT;
}
