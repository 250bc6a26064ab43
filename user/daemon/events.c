// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void events_begin(struct board *board, union event_buffer *buffer, struct board_text *text,
		  enum hr_event_type type, size_t fixed, uint32_t slot)
{
	struct hr_event *event = &buffer->event;

	memset(buffer, 0, fixed);
	event->type = (uint16_t)type;
	event->time_ns = board_now_ns(board);
	board_text_init(text, buffer, fixed, sizeof(*buffer));
	if (slot != TRACK_NONE) {
		const struct hr_slot *from = board_slot(board, slot);

		event->cgroup_id = from->cgroup_id;
		board_text_identity(text, from, sizeof(*from), &from->id, &event->id);
	}
}

uint64_t events_post(struct board *board, union event_buffer *buffer, const struct board_text *text)
{
	uint32_t bytes = text->start + text->used, whole = (bytes + 7) & ~7u;

	memset(buffer->bytes + bytes, 0, whole - bytes);
	buffer->event.bytes = whole;
	return board_event_post(board, &buffer->event);
}

static void post_container(struct board *board, uint32_t slot, enum hr_container_what what,
			   const char *former_name)
{
	const struct hr_slot *from = board_slot(board, slot);
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_container *event = (void *)&buffer;

	events_begin(board, &buffer, &text, HR_EVENT_CONTAINER, sizeof(*event), slot);
	event->what = what;
	event->restarts = (uint32_t)from->restarts;
	event->oom_kills_total = from->oom_kills_total;
	event->uptime_ms = event->peak = HR_UNKNOWN;
	if (what == HR_CONTAINER_GONE) {
		event->uptime_ms = (from->gone_ns - from->appeared_ns) / NS_PER_MS;
		event->peak = from->memory.peak;
	}
	event->former_name = board_text_add(&text, former_name, false);
	events_post(board, &buffer, &text);
}

void events_container(struct board *board, uint32_t slot, enum hr_container_what what)
{
	post_container(board, slot, what, NULL);
}

void events_renamed(struct board *board, uint32_t slot, const char *former_name)
{
	post_container(board, slot, HR_CONTAINER_RENAMED, former_name);
}

void events_daemon(struct board *board, enum hr_daemon_what what, enum hr_severity severity,
		   uint64_t count, const char *format, ...)
{
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_daemon *event = (void *)&buffer;
	char line[320];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	events_begin(board, &buffer, &text, HR_EVENT_DAEMON, sizeof(*event), TRACK_NONE);
	event->event.severity = (uint8_t)severity;
	event->what = what;
	event->count = count;
	event->text = board_text_add(&text, line, false);
	events_post(board, &buffer, &text);
}

static uint64_t used(const struct hr_host *host)
{
	return host->mem_total == HR_UNKNOWN || host->mem_available == HR_UNKNOWN ? HR_UNKNOWN
	       : hr_host_usable(host) > host->mem_available
		       ? hr_host_usable(host) - host->mem_available
		       : 0;
}

void events_pressure(struct board *board, uint32_t slot, enum hr_pressure_what what)
{
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_pressure *event = (void *)&buffer;

	events_begin(board, &buffer, &text, HR_EVENT_PRESSURE, sizeof(*event), slot);
	event->event.severity = what == HR_PRESSURE_UNDER_OOM ? HR_CRITICAL
				: what == HR_PRESSURE_ENTERED ? HR_WARNING
							      : HR_INFO;
	event->what = what;
	if (slot == TRACK_NONE) {
		const struct hr_host *host = board_host(board);

		event->pressure = host->pressure;
		event->usage = used(host);
		event->limit = hr_host_usable(host);
	} else {
		const struct hr_slot *from = board_slot(board, slot);

		event->pressure = from->pressure;
		event->usage = from->memory.usage;
		event->limit = from->memory.limit;
	}
	events_post(board, &buffer, &text);
}

static void events_forecast(struct board *board, uint32_t slot, enum hr_event_type type,
			    enum hr_severity severity, uint32_t from_level, uint32_t to_level)
{
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_forecast *event = (void *)&buffer;

	events_begin(board, &buffer, &text, type, sizeof(*event), slot);
	event->event.severity = (uint8_t)severity;
	event->from = from_level;
	event->to = to_level;
	if (slot == TRACK_NONE) {
		const struct hr_host *host = board_host(board);

		event->usage = used(host);
		event->headroom = host->headroom;
		event->forecast = host->forecast;
	} else {
		const struct hr_slot *from = board_slot(board, slot);

		event->usage = from->memory.usage;
		event->headroom = from->memory.headroom;
		event->forecast = from->forecast;
	}
	events_post(board, &buffer, &text);
}

void events_alarm(struct board *board, uint32_t slot, enum hr_alarm from, enum hr_alarm to)
{
	static const enum hr_severity severity[] = {[HR_ALARM_NONE] = HR_INFO,
						    [HR_ALARM_NOTICE] = HR_INFO,
						    [HR_ALARM_WARN] = HR_WARNING,
						    [HR_ALARM_ACT] = HR_CRITICAL};

	events_forecast(board, slot, HR_EVENT_RISK, severity[to], from, to);
}

void events_leak(struct board *board, uint32_t slot, enum hr_leak_state from)
{
	uint8_t to = board_slot(board, slot)->forecast.leak;

	events_forecast(board, slot, HR_EVENT_LEAK, hr_leak_grows(to) ? HR_WARNING : HR_INFO, from,
			to);
}

void events_oom_score_adj(struct board *board, uint32_t slot, const struct record_process *record)
{
	union event_buffer buffer;
	struct board_text text;
	struct hr_event_oom_score_adj *event = (void *)&buffer;

	events_begin(board, &buffer, &text, HR_EVENT_OOM_SCORE_ADJ, sizeof(*event), slot);
	event->pid = record->pid;
	event->oom_score_adj = record->oom_score_adj;
	memcpy(event->comm, record->comm, sizeof(event->comm));
	events_post(board, &buffer, &text);
}
