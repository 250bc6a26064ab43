// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The guard's events, one function a kind. Decides nothing, allocates nothing. */
#include "events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void notice_begin(struct daemon *daemon, union notice_buffer *buffer, struct board_text *text,
		  enum hr_event_type type, size_t fixed, uint32_t slot)
{
	struct hr_event *event = &buffer->event;

	memset(buffer, 0, fixed);
	event->type = (uint16_t)type;
	event->time_ns = clock_wall_ns();
	board_text_init(text, buffer, fixed, sizeof(*buffer));
	if (slot != TRACK_NONE) {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		event->cgroup_id = from->cgroup_id;
		board_text_identity(text, from, sizeof(*from), &from->id, &event->id);
	}
}

uint64_t notice_post(struct daemon *daemon, union notice_buffer *buffer,
		     const struct board_text *text)
{
	uint32_t bytes = text->start + text->used, whole = (bytes + 7) & ~7u;

	memset(buffer->bytes + bytes, 0, whole - bytes);
	buffer->event.bytes = whole;
	return board_event_post(daemon->board, &buffer->event);
}

void notice_container(struct daemon *daemon, uint32_t slot, enum hr_container_what what)
{
	const struct hr_slot *from = board_slot(daemon->board, slot);
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_container *event = (void *)&buffer;

	notice_begin(daemon, &buffer, &text, HR_EVENT_CONTAINER, sizeof(*event), slot);
	event->what = what;
	event->restarts = (uint32_t)from->restarts;
	event->oom_kills_total = from->oom_kills_total;
	event->lived_ms = event->peak = HR_UNKNOWN;
	if (what == HR_CONTAINER_GONE) {
		if (from->gone_ns >= from->appeared_ns) /* or the wall clock was set back */
			event->lived_ms = (from->gone_ns - from->appeared_ns) / NS_PER_MS;
		event->peak = from->memory.peak;
	}
	notice_post(daemon, &buffer, &text);
}

void notice_daemon(struct daemon *daemon, enum hr_daemon_what what, enum hr_severity severity,
		   uint64_t count, const char *format, ...)
{
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_daemon *event = (void *)&buffer;
	char line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	notice_begin(daemon, &buffer, &text, HR_EVENT_DAEMON, sizeof(*event), TRACK_NONE);
	event->event.severity = (uint8_t)severity;
	event->what = what;
	event->count = count;
	event->text = board_text_add(&text, line, false);
	notice_post(daemon, &buffer, &text);
}

static uint64_t used(const struct hr_host *host)
{
	return host->mem_total == HR_UNKNOWN || host->mem_available == HR_UNKNOWN
		       ? HR_UNKNOWN
		       : host->mem_total - host->mem_available;
}

void notice_pressure(struct daemon *daemon, uint32_t slot, enum hr_pressure_what what)
{
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_pressure *event = (void *)&buffer;

	notice_begin(daemon, &buffer, &text, HR_EVENT_PRESSURE, sizeof(*event), slot);
	event->event.severity = what == HR_PRESSURE_UNDER_OOM ? HR_CRITICAL
				: what == HR_PRESSURE_ENTERED ? HR_WARNING
							      : HR_INFO;
	event->what = what;
	if (slot == TRACK_NONE) {
		const struct hr_host *host = board_host(daemon->board);

		event->pressure = host->pressure;
		event->usage = used(host);
		event->limit = host->mem_total;
	} else {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		event->pressure = from->pressure;
		event->usage = from->memory.usage;
		event->limit = from->memory.limit;
	}
	notice_post(daemon, &buffer, &text);
}

static void notice_forecast(struct daemon *daemon, uint32_t slot, enum hr_event_type type,
			    enum hr_severity severity, uint32_t from_level, uint32_t to_level)
{
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_forecast *event = (void *)&buffer;

	notice_begin(daemon, &buffer, &text, type, sizeof(*event), slot);
	event->event.severity = (uint8_t)severity;
	event->from = from_level;
	event->to = to_level;
	if (slot == TRACK_NONE) {
		const struct hr_host *host = board_host(daemon->board);

		event->usage = used(host);
		event->headroom = host->headroom;
		event->forecast = host->forecast;
	} else {
		const struct hr_slot *from = board_slot(daemon->board, slot);

		event->usage = from->memory.usage;
		event->headroom = from->memory.headroom;
		event->forecast = from->forecast;
	}
	notice_post(daemon, &buffer, &text);
}

void notice_alarm(struct daemon *daemon, uint32_t slot, enum hr_alarm from, enum hr_alarm to)
{
	static const enum hr_severity severity[] = {HR_INFO, HR_WARNING, HR_CRITICAL};

	notice_forecast(daemon, slot, HR_EVENT_RISK, severity[to % 3], from, to);
}

void notice_leak(struct daemon *daemon, uint32_t slot, enum hr_leak_state from)
{
	uint8_t to = board_slot(daemon->board, slot)->forecast.leak;

	notice_forecast(daemon, slot, HR_EVENT_LEAK, to >= HR_LEAK_CONFIRMED ? HR_WARNING : HR_INFO,
			from, to);
}

void notice_oom_score_adj(struct daemon *daemon, uint32_t slot, const struct record_process *record)
{
	union notice_buffer buffer;
	struct board_text text;
	struct hr_event_oom_score_adj *event = (void *)&buffer;

	notice_begin(daemon, &buffer, &text, HR_EVENT_OOM_SCORE_ADJ, sizeof(*event), slot);
	event->pid = record->pid;
	event->oom_score_adj = record->oom_score_adj;
	memcpy(event->comm, record->comm, sizeof(event->comm));
	notice_post(daemon, &buffer, &text);
}
