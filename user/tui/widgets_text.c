// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The widgets of the container screen that show text: its events, and its identity. */
#include <stdio.h>
#include <string.h>

#include "base/utf8_clean.h"
#include "widgets.h"
#include "format/event_line.h"
#include "format/snapshot.h"
#include "format/table.h"
#include "format/text_wrap.h"

/* Without the container's name, unless the event is of a cgroup below it. */
static void event_row(const struct widget_input *of, const struct hr_event *event,
		      char text[EVENT_LINE_TEXT])
{
	const char *type = hr_event_type_name(event->type);
	char body[EVENT_LINE_TEXT];
	char *at;

	event_line(event, of->now_ns, text);
	at = type ? strstr(text, type) : NULL;
	if (at && event->cgroup_id == of->slot->cgroup_id)
		snprintf(at, (size_t)(text + EVENT_LINE_TEXT - at), "%s: %s", type,
			 event_text(event, body));
}

size_t widget_events(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		     size_t width)
{
	static const enum style look[] = {
		[HR_INFO] = STYLE_PLAIN, [HR_WARNING] = STYLE_WARN, [HR_CRITICAL] = STYLE_BAD};
	char text[EVENT_LINE_TEXT];
	size_t rows = 0, shown = 0;

	for (size_t i = of->buffer ? of->buffer->n : 0; i-- > 0 && shown < of->events;) {
		const struct hr_event *event = of->buffer->event[i];

		if (event->time_ns > of->now_ns + 999999999 || !event_concerns(event, of->slot))
			continue;
		event_row(of, event, text);
		rows += wrap_put(c, y + rows, x, width,
				 event->severity <= HR_CRITICAL ? look[event->severity] : STYLE_BAD,
				 text);
		shown++;
	}
	return rows ? rows : screen_buffer_put(c, y, x, width, STYLE_DIM, "none on the board") > 0;
}

static size_t add_identity(struct screen_buffer *c, size_t y, size_t x, size_t width,
			   const char *word, const char *raw)
{
	char clean[1024], text[1100];

	if (!raw)
		return 0;
	snprintf(text, sizeof(text), "%s %s", word,
		 text_clean(raw, SIZE_MAX, clean, sizeof(clean)));
	return wrap_put(c, y, x, width, STYLE_DIM, text);
}

size_t widget_identity(const struct widget_input *of, struct screen_buffer *c, size_t y, size_t x,
		       size_t width)
{
	const struct hr_slot *slot = of->slot;
	size_t rows = 0;

	rows += add_identity(c, y + rows, x, width, "image", hr_slot_text(slot, slot->id.image));
	rows += add_identity(c, y + rows, x, width, "id",
			     hr_slot_text(slot, slot->id.container_id));
	rows += add_identity(c, y + rows, x, width, "cgroup", hr_slot_text(slot, slot->id.cgroup));
	return rows;
}

void widget_name(const struct record_text *from, const struct hr_identity *id, enum style style,
		 struct screen_buffer *c, size_t y, size_t x, size_t width)
{
	char name[ROW_NAME], pod[ROW_NAME], fits[ROW_NAME + 8];
	size_t used;

	if (!identity_in_pod(from, id, name, pod, sizeof(pod))) {
		identity_name(from, id, name, sizeof(name), NULL);
		text_fit_end(name, width, c->ascii);
		screen_buffer_put(c, y, x, width, style, name);
		return;
	}
	if (c->ascii) {
		text_ascii(name);
		text_ascii(pod);
	}
	text_fit(name, width, c->ascii, fits, sizeof(fits));
	used = 1 + screen_buffer_put(c, y, x, width, style, fits);
	if (used + 4 < width)
		screen_buffer_put(c, y, x + used, width - used, STYLE_DIM,
				  text_fit(pod, width - used, c->ascii, fits, sizeof(fits)));
}
