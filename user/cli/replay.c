// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Feeds samples to the forecast and keeps the rows of the table: all changes up to a bound, and between them a few rows,
 * thinned out as the series grows. */
#include "replay.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "json/json.h"

#define PLAIN_MOST        32  /* then every second one is dropped */
#define CHANGES_MOST      200 /* further ones are counted only */
#define MOST_WAIT_SECONDS 9e9 /* about 285 years */

void replay_init(struct replay *r, const char *name, bool thin)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->thin = thin;
	r->stride = 1;
	r->sum.first_warn = r->sum.first_act = r->sum.first_leak = NAN;
	r->sum.top_risk_centi = UINT16_MAX;
	r->emitted_t = NAN;
	r->forecast.risk_centi = UINT16_MAX;
	forecast_init(&r->state);
}

void replay_done(struct replay *r)
{
	free(r->row);
	r->row = NULL;
}

void replay_learn(struct replay *r, const struct forecast_input *input)
{
	uint64_t kills = input->events_oom_kill, before = r->last.events_oom_kill;

	if (r->state.seen && kills != HR_UNKNOWN && before != HR_UNKNOWN && kills > before)
		r->sum.kills += kills - before;
	r->last = *input;
	forecast_update(&r->state, input, &r->forecast);
}

static void sum_up(struct replay *r, const struct hr_forecast *before, double t)
{
	const struct hr_forecast *now = &r->forecast;
	struct replay_sum *s = &r->sum;

	if (!s->samples++)
		s->first_t = s->last_t = t;
	s->went_back += t < s->last_t;
	if (before->alarm && t > s->last_t)
		s->alarm_seconds += t - s->last_t;
	if (now->alarm >= HR_ALARM_NOTICE && before->alarm < HR_ALARM_NOTICE && !s->notices++)
		s->first_notice = t;
	if (now->alarm >= HR_ALARM_WARN && before->alarm < HR_ALARM_WARN && !s->warns++)
		s->first_warn = t;
	if (now->alarm >= HR_ALARM_ACT && before->alarm < HR_ALARM_ACT && !s->acts++)
		s->first_act = t;
	if (hr_leak_grows(now->leak) && isnan(s->first_leak))
		s->first_leak = t;
	if (now->risk_centi != UINT16_MAX &&
	    (s->top_risk_centi == UINT16_MAX || now->risk_centi > s->top_risk_centi)) {
		s->top_risk_centi = now->risk_centi;
		s->top_t = t;
	}
	s->last_t = t;
}

static void retention_apply(struct replay *r)
{
	size_t kept = 0, plain = 0;

	for (size_t i = 0; i < r->rows; i++)
		if (r->row[i].change || plain++ % 2 == 0)
			r->row[kept++] = r->row[i];
	r->rows = kept;
	r->end.kept = r->rows && r->row[r->rows - 1].t_seconds == r->end.t_seconds;
	r->plain = (plain + 1) / 2;
	r->stride *= 2;
}

static int keep_row(struct replay *r)
{
	if (r->rows == r->space) {
		size_t space = r->space ? 2 * r->space : 16;
		void *bigger = reallocarray(r->row, space, sizeof(*r->row));

		if (!bigger)
			return -ENOMEM;
		r->row = bigger;
		r->space = space;
	}
	r->end.kept = true;
	r->row[r->rows++] = r->end;
	r->plain += !r->end.change;
	if (r->plain > PLAIN_MOST)
		retention_apply(r);
	return 0;
}

static void sleep_until(double mono_seconds)
{
	double whole = floor(fmin(mono_seconds, MOST_WAIT_SECONDS));
	struct timespec at = {(time_t)whole, (long)(fmod(mono_seconds, 1) * 1e9)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

/* Waits only: the output does not depend on the time. */
void replay_wait(struct replay_pace *pace, double t)
{
	double due;

	if (!pace)
		return;
	if (!pace->begun_ns) {
		pace->begun_ns = clock_mono_ns();
		pace->first_t = t;
	}
	due = (double)pace->begun_ns / 1e9 + (t - pace->first_t) / pace->speed;
	if (due * 1e9 <= (double)clock_mono_ns())
		return;
	fflush(stdout);
	sleep_until(due);
}

/* Changes, and one row per second. */
static void print_paced_row(struct replay *r)
{
	bool due = r->thin &&
		   (isnan(r->emitted_t) || fabs(r->end.t_seconds - r->emitted_t) >= r->pace->speed);

	if (!r->end.change && !due)
		return;
	r->emitted_t = r->end.t_seconds;
	r->end.kept = true;
	replay_print_row(r);
}

int replay_note(struct replay *r, double t)
{
	const struct hr_forecast before = r->end.forecast, *now = &r->forecast;
	const struct forecast_input *in = &r->last;
	bool change = before.alarm != now->alarm || before.leak != now->leak;

	sum_up(r, &before, t);
	r->end = (struct replay_row){
		.t_seconds = t,
		.used = in->unreclaimable != HR_UNKNOWN ? in->unreclaimable : in->usage,
		.left = in->headroom,
		.forecast = *now,
		.change = change,
	};
	if (r->end.left == HR_UNKNOWN && in->limit != HR_UNKNOWN && r->end.used != HR_UNKNOWN)
		r->end.left = in->limit > r->end.used ? in->limit - r->end.used : 0;
	r->changes += change;
	if (r->pace) {
		print_paced_row(r);
		return 0;
	}
	if (change ? r->changes <= CHANGES_MOST : r->thin && (r->sum.samples - 1) % r->stride == 0)
		return keep_row(r);
	return 0;
}

/* The documented keys, in order; values as in other forecasts. */
static json_t *forecast_value(const char *key, const struct hr_forecast *forecast)
{
	const struct json_field *field = json_forecast_fields;

	while (field->key && strcmp(field->key, key) != 0)
		field++;
	return field->key ? field->get(NULL, (const char *)forecast + field->offset) : NULL;
}

int replay_print_line(const struct replay *r, double t, json_t *identity)
{
	static const char *const keys[] = {
		"risk", "confidence", "oom_in_seconds", "drift_bytes_per_second",
		"leak", "alarm",      "reasons"};
	json_t *line = json_object();
	int bad = json_object_set_new(line, "t_seconds", json_real(t));

	if (identity)
		bad |= json_object_update(line, identity);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		bad |= json_object_set_new(line, keys[i], forecast_value(keys[i], &r->forecast));
	if (!bad)
		bad = json_dumpf(line, stdout, JSON_STYLE);
	json_decref(line);
	putchar('\n');
	return bad && !ferror(stdout) ? -ENOMEM : 0;
}
