// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The list of screens and the stack of open ones. */
#include "screen.h"

#include <string.h>

#include "base/cleanup.h"
#include "top.h"

extern const struct screen screen_containers, screen_columns, screen_container, screen_events,
	screen_event, screen_incidents, screen_processes, screen_action, screen_help;

const struct screen *const screens[] = {
	&screen_containers, &screen_container, &screen_action,  &screen_events, &screen_event,
	&screen_incidents,  &screen_processes, &screen_columns, &screen_help,   NULL,
};

const struct screen *screen_find(const char *name)
{
	for (size_t i = 0; screens[i]; i++)
		if (!strcmp(screens[i]->name, name))
			return screens[i];
	return NULL;
}

void screen_open(struct top *top, const struct screen *screen)
{
	size_t at = 0;

	while (at < top->n_below && top->below[at] != screen)
		at++;
	if (screen == top->screen)
		return;
	if (at == top->n_below && top->n_below < ARRAY_SIZE(top->below))
		top->below[top->n_below++] = top->screen;
	else
		top->n_below = at;
	if (top->screen->subject)
		top->subject = top->screen->subject(top);
	top->screen = screen;
	top->stale = true;
	if (screen->open)
		screen->open(top);
}

bool screen_back(struct top *top)
{
	if (!top->n_below)
		return false;
	top->screen = top->below[--top->n_below];
	top->stale = true;
	return true;
}
