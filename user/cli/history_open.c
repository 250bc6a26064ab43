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

#define NEAR_NS (90 * NS_PER_SEC) /* one snapshot per minute: an older one is reported */

bool back_to_store(const struct back *back)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;

	if (back->history)
		return true;
	if (!back->at_ns)
		return false;
	return hr_reader_open(back->board, &reader) || !hr_reader_is_recording(reader);
}

int back_store(const struct back *back, bool events, uint64_t from_ns, uint64_t to_ns,
	       struct hr_reader **ret_reader)
{
	char error[STORE_ERROR], clean[STORE_ERROR * 2];
	int r = (events ? store_events : store_snapshots)(back->history, from_ns, to_ns, ret_reader,
							  error);

	if (!r)
		confine_now();
	else
		log_error("%s: %s%s", back->command,
			  text_clean(error, SIZE_MAX, clean, sizeof(clean)),
			  r == -ENOENT    ? ", or give a recording with --board FILE"
			  : r == -ENODATA ? ": 'headroom recorder --status' shows the range"
					  : "");
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
