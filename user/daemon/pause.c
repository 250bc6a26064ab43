// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* See pause.h. Times on the board are wall times. */
#include "pause.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/human_units.h"
#include "events.h"

void pause_open(struct pause *pause, struct board *board)
{
	uint64_t until = board_host(board)->paused_until_ns, now = board_now_ns(board);

	*pause = (struct pause){.board = board, .until_ns = until};
	if (until && until != HR_UNKNOWN)
		pause->until_ns = clock_mono_ns() + (until > now ? until - now : 0);
	if (pause_is_on(pause))
		events_daemon(
			board, HR_DAEMON_PAUSED, HR_WARNING, 0,
			"still paused by an earlier request: 'headroom daemon resume' ends it");
}

static void publish(struct pause *pause)
{
	uint64_t now = clock_mono_ns(), left = pause->until_ns > now ? pause->until_ns - now : 0;
	struct hr_host *host = board_host_begin(pause->board);

	host->paused_until_ns = !pause->until_ns || pause->until_ns == HR_UNKNOWN
					? pause->until_ns
					: board_now_ns(pause->board) + left;
	board_host_end(pause->board);
}

int pause_ask(struct pause *pause, const struct hr_control_request *asked, uint32_t uid,
	      char text[HR_CONTROL_TEXT])
{
	bool forever = asked->for_ms == HR_UNKNOWN, was = pause_is_on(pause);
	char span[UNITS_TEXT];

	if (asked->word == HR_CONTROL_RESUME) {
		snprintf(text, HR_CONTROL_TEXT, was ? "resumed" : "it was not paused");
		pause->until_ns = 0;
		if (was)
			events_daemon(pause->board, HR_DAEMON_RESUMED, HR_INFO, 0,
				      "by user %u: policies act again", uid);
	} else if (!forever && (!asked->for_ms || asked->for_ms > PAUSE_MOST_MS)) {
		snprintf(text, HR_CONTROL_TEXT,
			 "a pause lasts at most 30d; without a time until "
			 "'headroom daemon resume'");
		return 2;
	} else {
		pause->until_ns =
			forever ? HR_UNKNOWN : clock_mono_ns() + asked->for_ms * NS_PER_MS;
		snprintf(text, HR_CONTROL_TEXT,
			 "paused %s%s: no policy acts; 'headroom daemon resume' "
			 "ends it",
			 forever ? "until resumed" : "for ",
			 forever ? "" : units_duration_ms(asked->for_ms, span));
		events_daemon(pause->board, HR_DAEMON_PAUSED, HR_WARNING, 0, "by user %u, %s%s",
			      uid, forever ? "until resumed" : "for ", forever ? "" : span);
	}
	publish(pause);
	return 0;
}

bool pause_expire(struct pause *pause, uint64_t now_ns)
{
	if (!pause->until_ns || pause->until_ns > now_ns)
		return false;
	pause->until_ns = 0;
	publish(pause);
	events_daemon(pause->board, HR_DAEMON_RESUMED, HR_INFO, 0,
		      "its time is over: policies act again");
	return true;
}
