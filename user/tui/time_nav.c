// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Time navigation, the same on every screen: step, jump, play, back to now. data_source.c does the moves. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "top.h"

#define BEFORE_NS (300 * NS_PER_SEC)
#define JUMP_MS   60000u /* without input */

static void moved(struct top *top, bool another)
{
	if (another) {
		top->reload = true;
		top->frozen = false;
	}
	snprintf(top->notice, sizeof(top->notice), "%s", top->source->notice);
	top->source->notice[0] = 0;
}

static bool can(struct top *top) { return top->source && top->source->board; }

static void key_on(struct top *top)
{
	if (can(top))
		moved(top, data_source_step(top->source, 1));
}

static void key_back(struct top *top)
{
	if (can(top))
		moved(top, data_source_step(top->source, -1));
}

static void key_live(struct top *top)
{
	if (can(top))
		moved(top, data_source_live(top->source));
}

static void faster(struct top *top, int by)
{
	if (!can(top))
		return;
	if (data_source_past(top->source))
		data_source_faster(top->source, by);
	else
		snprintf(top->notice, sizeof(top->notice), "already live: [ goes back");
}

static void key_faster(struct top *top) { faster(top, 1); }

static void key_slower(struct top *top) { faster(top, -1); }

static void jump(struct top *top, bool on)
{
	const char *text = top->prompt.text;
	uint64_t at = top->source->at_ns ? top->source->at_ns : clock_wall_ns(), ms = JUMP_MS, to;

	if (!*text || !units_parse_duration_ms(text, &ms)) {
		to = on ? at + ms * NS_PER_MS : at > ms * NS_PER_MS ? at - ms * NS_PER_MS : 0;
	} else if (clock_parse(text, at,
			       &to)) { /* "12:30" and "yesterday" count from the day shown */
		snprintf(top->notice, sizeof(top->notice),
			 "invalid time: give 5m, 1h30m, 12:30 or '2026-11-22 12:30'");
		return;
	}
	data_source_play(top->source, false);
	moved(top, data_source_go(top->source, to));
}

static void jump_on(struct top *top, bool kept)
{
	if (kept)
		jump(top, true);
}

static void jump_back(struct top *top, bool kept)
{
	if (kept)
		jump(top, false);
}

#define HINT "5m, 12:30, '2026-11-22 12:30'; empty: 1m"

static void key_jump(struct top *top)
{
	if (can(top))
		prompt_open(top, &(struct prompt){.title = "forward by, or to",
						  .hint = HINT,
						  .done = jump_on});
}

static void key_jump_back(struct top *top)
{
	if (can(top))
		prompt_open(top, &(struct prompt){.title = "back by, or to",
						  .hint = HINT,
						  .done = jump_back});
}

static void key_play(struct top *top)
{
	if (can(top))
		data_source_play(top->source, !top->source->playing);
}

void time_nav_before(struct top *top, uint64_t time_ns, uint64_t cgroup_id)
{
	bool went;

	if (!can(top))
		return;
	data_source_play(top->source, false);
	went = data_source_go(top->source, time_ns > BEFORE_NS ? time_ns - BEFORE_NS : 1);
	moved(top, went);
	if (!went)
		return;
	if (cgroup_id)
		top->selected_id = cgroup_id;
	screen_open(top, screens[0]);
}

const struct key time_nav_keys[] = {
	{{'['}, key_back, "[", "one snapshot back", "back"},
	{{']'}, key_on, "]", "one snapshot forward", "forward"},
	{{' ', 'z'}, key_play, "space", "in the past: play, stop", "play"},
	{{'{'}, key_jump_back, "{, }", "jump back, forward: by a duration, or to a time", NULL},
	{{'}'}, key_jump, NULL, NULL, NULL},
	{{'+', '='}, key_faster, "+, -", "in the past: play faster, slower (x1 to x300)", NULL},
	{{'-'}, key_slower, NULL, NULL, NULL},
	{{'L'}, key_live, "L", "live; in a recording: its end", "live"},
	KEYS_END,
};
