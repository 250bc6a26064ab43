// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The blocks of one container's screen that are sentences: its events, and the whole of it as explain tells it. */
#include <stdio.h>
#include <string.h>

#include "blocks.h"
#include "tell/sentence.h"
#include "tell/snapshot.h"
#include "tell/story.h"
#include "tell/wrap.h"

/* Who it is needs no telling here, unless it is somebody below it. */
static void say(const struct block_of *of, const struct hr_event *event, char text[SENTENCE_TEXT])
{
	const char *type = hr_event_type_word(event->type);
	char told[SENTENCE_TEXT];
	char *at;

	event_sentence(event, of->now_ns, text);
	at = type ? strstr(text, type) : NULL;
	if (at && event->cgroup_id == of->slot->cgroup_id)
		snprintf(at, (size_t)(text + SENTENCE_TEXT - at), "%s: %s", type,
			 event_told(event, told));
}

size_t block_events(const struct block_of *of, struct canvas *c, size_t y, size_t x, size_t width)
{
	static const enum style look[] = {
		[HR_INFO] = STYLE_PLAIN, [HR_WARNING] = STYLE_WARN, [HR_CRITICAL] = STYLE_BAD};
	char text[SENTENCE_TEXT];
	size_t rows = 0, told = 0;

	for (size_t i = of->feed ? of->feed->n : 0; i-- > 0 && told < of->events;) {
		const struct hr_event *event = of->feed->event[i];

		if (event->time_ns > of->now_ns + 999999999 || !event_concerns(event, of->slot))
			continue;
		say(of, event, text);
		rows += wrap_put(c, y + rows, x, width,
				 event->severity <= HR_CRITICAL ? look[event->severity] : STYLE_BAD,
				 text);
		told++;
	}
	return rows ? rows
		    : canvas_put(c, y, x, width, STYLE_DIM, "none that the board still holds") > 0;
}

size_t block_story(const struct block_of *of, struct canvas *c, size_t y, size_t x, size_t width)
{
	static struct story story; /* 16 KiB; one thread draws */
	size_t rows = 0;

	story.n = story.used = 0;
	story_of_slot(&story, of->slot, of->host, of->now_ns);
	for (size_t i = 0; i < story.n; i++)
		rows += wrap_put(c, y + rows, x, width, story.line[i].style, story.line[i].text);
	return rows;
}
