// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Opens the history for commands that take a time. */
#include "history_open.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "cli.h"
#include "recorder/status.h"
#include "report/usage_series.h"

#define PART_NS      (6 * 3600 * NS_PER_SEC) /* of history in memory at a time */
#define MOST_BACK_NS (100 * 86400 * NS_PER_SEC)
#define NEAR_NS      (90 * NS_PER_SEC) /* one snapshot per minute: an older one is reported */

bool back_to_store(const struct back *back)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;

	if (back->history)
		return true;
	if (!back->at_ns)
		return false;
	return hr_reader_open(back->board, &reader) || !hr_reader_is_recording(reader);
}

/* Returns an exit status. */
static int print_error(const struct back *back, int r, const char *error)
{
	char clean[STORE_ERROR * 2];

	log_error("%s: %s%s", back->command, text_clean(error, SIZE_MAX, clean, sizeof(clean)),
		  r == -ENOENT    ? ", or give a recording with --board FILE"
		  : r == -ENODATA ? ": 'headroom recorder --status' shows the range"
				  : "");
	return r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
}

int back_store(const struct back *back, bool events, uint64_t from_ns, uint64_t to_ns,
	       struct hr_reader **ret_reader)
{
	char error[STORE_ERROR];
	int r = (events ? store_events : store_snapshots)(back->history, from_ns, to_ns, ret_reader,
							  error);

	if (!r)
		confine_now();
	else
		print_error(back, r, error);
	return r;
}

static void report_distance(const struct back *back, const struct hr_reader *reader)
{
	uint64_t time_ns = hr_reader_frame_time(reader);
	char when[CLOCK_TEXT], before[UNITS_TEXT];

	if (!back->at_ns || time_ns + NEAR_NS >= back->at_ns)
		return;
	log_info("nearest earlier snapshot: %s, %s before", clock_format_local(time_ns, when),
		 units_duration_ms((back->at_ns - time_ns) / NS_PER_MS, before));
}

int back_open(const struct back *back, uint64_t reach_ns, struct hr_reader **ret_reader)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	uint64_t at = back->at_ns ? back->at_ns : UINT64_MAX;
	bool store = back_to_store(back);
	int r = 0;

	if (store)
		confine_set(COMMAND_WRITES);
	if (!store)
		r = cli_open(back->board, &reader);
	else
		r = back_store(back, false, at > reach_ns ? at - reach_ns : 0, at, &reader);
	if (store && r)
		return r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
	if (!r)
		r = cli_go_to_time(back->command, reader, back->at_ns);
	if (r)
		return r;
	if (store)
		report_distance(back, reader);
	*ret_reader = take_ptr(reader);
	return CLI_DONE;
}

/* ---- all of it ---- */

struct walk {
	int (*see)(void *context, struct hr_reader *reader, uint64_t time_ns);
	void *context;
	uint64_t from_ns, last_ns; /* of the last snapshot */
};

/* Each part begins with the last snapshot before it, and may end with events alone. */
static int see_new(void *context, struct hr_reader *reader, uint64_t time_ns)
{
	struct walk *w = context;
	struct hr_slot slot;
	uint32_t first = 0;

	if (time_ns < w->from_ns || time_ns <= w->last_ns || hr_reader_slot(reader, &first, &slot))
		return 0;
	w->last_ns = time_ns;
	return w->see(w->context, reader, time_ns);
}

static int walk_part(const struct back *back, struct walk *w, uint64_t from_ns, uint64_t to_ns)
{
	_cleanup_reader_ struct hr_reader *part = NULL;
	char error[STORE_ERROR];
	int r = store_snapshots(back->history, from_ns, to_ns, &part, error);

	if (r == -ENODATA)
		return CLI_DONE;
	if (!r) {
		r = pictures_walk(part, 0, UINT64_MAX, see_new, w);
		snprintf(error, sizeof(error), "%s", strerror(-r));
	}
	return r ? print_error(back, r, error) : CLI_DONE;
}

int back_walk(const struct back *back, uint64_t from_ns, uint64_t to_ns,
	      int (*see)(void *context, struct hr_reader *reader, uint64_t time_ns), void *context)
{
	struct walk w = {.see = see, .context = context, .from_ns = from_ns};
	struct store_status status;
	char error[STORE_ERROR];
	int r;

	confine_set(COMMAND_WRITES);
	r = store_status(back->history, &status, error);
	if (r)
		return print_error(back, r, error);
	confine_now();
	from_ns = from_ns > status.first_ns ? from_ns : status.first_ns;
	if (to_ns > MOST_BACK_NS && from_ns < to_ns - MOST_BACK_NS)
		from_ns = to_ns - MOST_BACK_NS;
	for (uint64_t from = from_ns; status.snapshots && from <= to_ns; from += PART_NS) {
		uint64_t to = to_ns - from < PART_NS ? to_ns : from + PART_NS - 1;

		r = walk_part(back, &w, from, to);
		if (r)
			return r;
	}
	if (w.last_ns)
		return CLI_DONE;
	return print_error(back, -ENODATA, "the history has no snapshots of that time");
}
