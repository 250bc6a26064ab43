// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * From a recording of the board to verdicts: samples out of each slot's history, deaths and the daemon's alarms out of its
 * events, forecasts out of its pictures. Judged by the same score as made-up containers; made of nothing but what stood on the
 * board.
 */
#include "live.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "score.h"
#include "format/history.h"
#include "format/score_text.h"

#define MOST_RUNS      64
#define MOST_SAMPLES   8192
#define MOST_FORECASTS 2048
#define MOST_MARKS     64
#define SAME_FAILURE   10.0 /* seconds: several victims, one death */
#define EXITING        2.0  /* seconds in which a victim's memory may still be there */
#define LEAST_RECALL \
	0.75 /* of a smoke test on a busy machine; docs/internals/forecast-backtest.md has what is measured */
#define MOST_WRONG 0.25 /* of the quiet shapes */

struct forecast {
	double t, p10, p50, p90; /* NAN: none */
};

struct mark { /* an alarm of the daemon that began or ended */
	double t;
	uint8_t from, to;
};

struct lifespan {
	char name[32], group[256], container[256];
	enum category category;
	double begun, averted; /* wall seconds; after begun, < 0: never */
	uint64_t cgroup_id;
	struct sample sample[MOST_SAMPLES];
	size_t samples;
	struct forecast forecast[MOST_FORECASTS];
	size_t forecasts;
	struct mark mark[MOST_MARKS];
	size_t marks;
	double failure[MOST_MARKS];
	enum failure kind[MOST_MARKS];
	size_t failures;
};

struct live {
	struct lifespan *lifespan;
	size_t n;
	struct hr_score score; /* as the daemon kept it itself */
};

static double seconds_of(uint64_t ns) { return (double)ns / 1e9; }

static double known(uint64_t value) { return value == HR_UNKNOWN ? -1 : (double)value; }

static int read_runs(const char *folder, struct live *live)
{
	static const char *const categories[] = {
		[QUIET] = "quiet", [SMOOTH] = "smooth", [SAWTOOTH] = "sawtooth",
		[BURST] = "burst", [STALL] = "stall",   [SUDDEN] = "sudden"};
	char path[4096], category[16], averted[16];
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "%s/runs", folder);
	f = fopen(path, "re");
	if (!f) {
		log_error("%s: %s", path, strerror(errno));
		return -errno;
	}
	while (live->n < MOST_RUNS) {
		struct lifespan *l = &live->lifespan[live->n];
		unsigned int c = 0;
		int got = fscanf(f, "%31s %15s %lf %15s %255s %255s", l->name, category, &l->begun,
				 averted, l->group, l->container);

		if (got == EOF)
			return 0;
		while (c < ARRAY_SIZE(categories) && strcmp(category, categories[c]) != 0)
			c++;
		if (got != 6 || c == ARRAY_SIZE(categories)) {
			log_error("%s: line %zu is no shape", path, live->n + 1);
			return -EINVAL;
		}
		l->category = (enum category)c;
		l->averted = strcmp(averted, "-") ? strtod(averted, NULL) : -1;
		live->n++;
	}
	return 0;
}

/* In the group, or below it. */
static struct lifespan *lifespan_of_path(struct live *live, const char *path)
{
	for (size_t i = 0; path && i < live->n; i++) {
		size_t n = strlen(live->lifespan[i].group);

		if (!strncmp(path, live->lifespan[i].group, n) && (!path[n] || path[n] == '/'))
			return &live->lifespan[i];
	}
	return NULL;
}

/* ---- what the recording says ---- */

static void add_sample(struct lifespan *l, const struct hr_slot *slot, const struct hr_point *point,
		       uint64_t at_ns)
{
	double t = seconds_of(at_ns) - l->begun;
	struct sample *s;

	if (t < 0 || l->samples == MOST_SAMPLES || (l->samples && t <= l->sample[l->samples - 1].t))
		return;
	s = &l->sample[l->samples++];
	*s = (struct sample){
		.t = t,
		.usage = known(history_bytes(point->usage_kib)),
		.unreclaimable = known(history_bytes(point->unreclaimable_kib)),
		.headroom = known(history_bytes(point->headroom_kib)),
		.limit = known(slot->binding.limit),
		.high = known(slot->memory.high),
		.anon = known(slot->memory.anon),
		.shmem = known(slot->memory.shmem),
		.slab = known(slot->memory.slab_reclaimable),
		.sock = -1,
		.kernel = known(slot->memory.kernel),
		.swap = known(slot->memory.swap),
		.swap_free = -1,
		.psi_full_us = known(slot->pressure.full_total_us),
		.refaults = known(slot->counts.refaults),
		.oom_kills = slot->counts.oom_kill == HR_UNKNOWN
				     ? 0
				     : (unsigned int)slot->counts.oom_kill,
		.level = slot->binding.level,
	};
	s->working_set = slot->memory.working_set == HR_UNKNOWN || slot->memory.usage == HR_UNKNOWN
				 ? s->usage
				 : fmax(0, s->usage - known(slot->memory.usage) +
						   known(slot->memory.working_set));
}

static double seconds_or_nan(uint64_t ms) { return ms == HR_UNKNOWN ? NAN : (double)ms / 1e3; }

static void add_forecast(struct lifespan *l, const struct hr_slot *slot)
{
	const struct hr_forecast *o = &slot->forecast;
	double t = seconds_of(slot->sampled_ns) - l->begun;

	if (t >= 0 && l->forecasts < MOST_FORECASTS)
		l->forecast[l->forecasts++] = (struct forecast){t, seconds_or_nan(o->oom_in_p10_ms),
								seconds_or_nan(o->oom_in_p50_ms),
								seconds_or_nan(o->oom_in_p90_ms)};
}

static void take_slots(struct live *live, struct hr_reader *reader)
{
	struct hr_point history[HISTORY_POINTS];
	struct hr_board_header header;
	struct hr_slot slot;
	uint32_t index = 0;

	hr_reader_header(reader, &header);
	while (!hr_reader_slot(reader, &index, &slot)) {
		const char *path = hr_slot_text(&slot, slot.id.cgroup);
		struct lifespan *l = lifespan_of_path(live, path);
		size_t n;

		if (!l || strcmp(path, l->container) || slot.state != HR_SLOT_RUNNING ||
		    (l->cgroup_id && l->cgroup_id != slot.cgroup_id))
			continue;
		l->cgroup_id = slot.cgroup_id;
		n = history_points(&slot.history, history);
		for (size_t i = 0; i < n; i++)
			add_sample(l, &slot, &history[i],
				   history_time_ns(&history[i], header.created_ns));
		add_forecast(l, &slot);
	}
}

static void add_failure(struct lifespan *l, double t, enum failure kind)
{
	/* what hangs is ended by us */
	if (t < 0 || l->failures == MOST_MARKS || (l->failures && l->category == STALL) ||
	    (l->failures && t - l->failure[l->failures - 1] < SAME_FAILURE))
		return;
	l->failure[l->failures] = t;
	l->kind[l->failures++] = kind;
}

static void take_event(struct live *live, const struct hr_event *event)
{
	struct lifespan *l = lifespan_of_path(live, hr_event_text(event, event->id.cgroup));
	const struct hr_event_forecast *risk = (const void *)event;
	const struct hr_event_pressure *pressure = (const void *)event;
	double t;

	if (!l)
		return;
	t = seconds_of(event->time_ns) - l->begun;
	if (event->type == HR_EVENT_OOM_KILL)
		add_failure(l, t, OOM_KILL);
	else if (event->type == HR_EVENT_PRESSURE && event->bytes >= sizeof(*pressure) &&
		 pressure->what == HR_PRESSURE_UNDER_OOM)
		add_failure(l, t, STALL_FAILURE);
	else if (event->type == HR_EVENT_RISK && event->bytes >= sizeof(*risk) &&
		 l->marks < MOST_MARKS)
		l->mark[l->marks++] = (struct mark){t, (uint8_t)risk->from, (uint8_t)risk->to};
}

static void close_reader(struct hr_reader **reader) { hr_reader_close(*reader); }

static int read_recording(const char *folder, struct live *live)
{
	_Alignas(8) static char record[HR_EVENT_MAX_BYTES];
	_cleanup_(close_reader) struct hr_reader *reader = NULL;
	struct hr_event *event = (struct hr_event *)record;
	struct hr_host host;
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/recording", folder);
	r = hr_reader_open(path, &reader);
	if (r) {
		log_error("%s", hr_reader_error());
		return r;
	}
	while (!(r = hr_reader_next_frame(reader))) {
		take_slots(live, reader);
		while (!(r = hr_reader_next_event(reader, event, sizeof(record))) ||
		       r == -EOVERFLOW)
			if (!r)
				take_event(live, event);
		if (!hr_reader_host(reader, &host))
			live->score = host.score;
	}
	if (r == -ENODATA)
		return 0;
	log_error("%s", hr_reader_error());
	return r;
}

/* ---- what the daemon said at the time ---- */

/* When the alarm that stood at the death (or ended less than a minute before) had begun; NAN: none. */
static double alarm_before(const struct lifespan *l, uint8_t alarm, double since, double failure)
{
	double from = NAN;
	bool stands = false;

	for (size_t i = 0; i < l->marks && l->mark[i].t <= failure; i++) {
		bool on = l->mark[i].to >= alarm;

		if (on && !stands)
			from = l->mark[i].t;
		if (!on && stands && failure - l->mark[i].t > 60)
			from = NAN;
		stands = on;
	}
	if (isnan(from) || (from < since && !stands))
		return NAN;
	return fmax(from, since);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The middle relative error of the times named with 75, 50, 25 and 10 % of the way still to go. */
static double time_error(const struct lifespan *l, double since, double failure,
			 unsigned int *ret_asked, unsigned int *ret_held)
{
	static const double shares[] = {0.75, 0.5, 0.25, 0.1};
	double error[ARRAY_SIZE(shares)];
	unsigned int n = 0;

	for (size_t s = 0; s < ARRAY_SIZE(shares); s++) {
		double left = shares[s] * (failure - since);
		const struct forecast *f = NULL;

		for (size_t i = 0; i < l->forecasts && l->forecast[i].t <= failure - left; i++)
			f = &l->forecast[i];
		if (!f || f->t < since)
			continue;
		left = failure - f->t;
		++*ret_asked;
		if (isnan(f->p50))
			continue;
		*ret_held += left >= f->p10 && (isnan(f->p90) || left <= f->p90);
		error[n++] = fabs(f->p50 - left) / left;
	}
	qsort(error, n, sizeof(*error), by_size);
	return n ? (error[(n - 1) / 2] + error[n / 2]) / 2 : NAN;
}

struct sums {
	unsigned int failures, found, acted, quiet, disturbed, asked, held, errors;
	double error[MOST_RUNS * 4];
	double lead[MOST_RUNS * 4];
};

static void number(const char *format, double x, const char *none)
{
	if (isnan(x))
		printf("%9s", none);
	else
		printf(format, x);
}

static void describe_failure(const struct lifespan *l, size_t d, struct sums *sums)
{
	double since = d ? l->failure[d - 1] : 0, at = l->failure[d];
	double warn = alarm_before(l, HR_ALARM_WARN, since, at),
	       act = alarm_before(l, HR_ALARM_ACT, since, at);
	unsigned int asked = 0, held = 0;
	double error = l->kind[d] == OOM_KILL && l->category != SUDDEN
			       ? time_error(l, since, at, &asked, &held)
			       : NAN;

	printf("%-20s %-9s %8.1f", d ? "" : l->name, l->kind[d] == OOM_KILL ? "killed" : "hangs",
	       at - since);
	number("%9.1f", at - warn, "-");
	number("%9.1f", at - act, "-");
	number("%9.3f", error, "-");
	printf("   %u of %u\n", held, asked);
	sums->asked += asked;
	sums->held += held;
	if (!isnan(error))
		sums->error[sums->errors++] = error;
	if (l->category == SUDDEN)
		return;
	if (!isnan(warn))
		sums->lead[sums->found++] = at - warn;
	sums->acted += !isnan(act);
	sums->failures++;
}

static void describe_lifespan(const struct lifespan *l, struct sums *sums)
{
	unsigned int warned = 0; /* a notice may be wrong */
	double first = 0;

	for (size_t d = 0; d < l->failures; d++)
		describe_failure(l, d, sums);
	for (size_t i = l->marks; i-- > 0;)
		if (l->mark[i].to > l->mark[i].from && l->mark[i].to >= HR_ALARM_WARN) {
			warned++;
			first = l->mark[i].t;
		}
	if (l->failures)
		return;
	printf("%-20s %-9s %8.1f", l->name,
	       l->averted >= 0        ? "averted"
	       : l->category == QUIET ? "lives"
				      : "cut",
	       l->samples ? l->sample[l->samples - 1].t : 0);
	if (warned && l->averted < 0)
		printf("   warned %u time%s, first after %.1f s", warned, warned == 1 ? "" : "s",
		       first);
	putchar('\n');
	if (l->averted >= 0 || l->category != QUIET)
		return;
	sums->quiet++;
	sums->disturbed += warned > 0;
}

static double middle(double *v, unsigned int n)
{
	qsort(v, n, sizeof(*v), by_size);
	return n ? v[n / 2] : NAN;
}

static bool describe_daemon(const struct live *live)
{
	struct sums sums = {0};
	char text[SCORE_TEXT];

	printf("what the daemon said at the time; seconds\n%-20s %-9s %8s%9s%9s%9s   %s\n", "shape",
	       "fate", "lasted", "warned", "act", "error", "in range");
	for (size_t i = 0; i < live->n; i++)
		describe_lifespan(&live->lifespan[i], &sums);
	printf("forecast %u of %u deaths (%u at act), median lead %.1f s, median error %.3f, %u of "
	       "%u times in range; "
	       "%u of %u quiet ones disturbed\n",
	       sums.found, sums.failures, sums.acted, middle(sums.lead, sums.found),
	       middle(sums.error, sums.errors), sums.held, sums.asked, sums.disturbed, sums.quiet);
	if (*score_alarms_text(&live->score, text))
		printf("by its own score %s\n", text);
	if (*score_times_text(&live->score, text))
		printf("by its own score %s\n", text);
	return sums.failures && sums.found >= LEAST_RECALL * sums.failures &&
	       sums.disturbed <= MOST_WRONG * sums.quiet;
}

/* ---- what every rule makes of these samples ---- */

/* What a rule knows of a life; with `all` also what it knows of lives before it. */
static void forget(void *const *states, bool all)
{
	for (unsigned int i = 0; i < rule_count; i++)
		if (rules[i].bytes && (all || !rules[i].runs))
			memset(states[i], 0, rules[i].bytes);
}

static void judge_lifespan(const struct lifespan *l, struct run *run, void *const *states,
			   struct tally *tally)
{
	struct world truth = {.leak_rate = 1e-9}; /* leaks are no matter of minutes: not judged */
	bool lingers[MOST_RULES] = {
		false}; /* an alarm that stood when its reason died is no new one */
	size_t failure = 0;

	forget(states, true);
	run_begin(run);
	for (size_t k = 0; k < l->samples; k++) {
		const struct sample *s = &l->sample[k];
		double dt = k ? s->t - l->sample[k - 1].t : 1;
		void *state = NULL;

		for (; failure < l->failures && l->failure[failure] <= s->t; failure++) {
			run_failure(run, l->failure[failure], failure ? l->failure[failure - 1] : 0,
				    l->kind[failure], l->category);
			forget(states, false);
			memset(lingers, true, sizeof(lingers));
		}
		if (failure && s->t - l->failure[failure - 1] < EXITING)
			continue;
		if (l->averted >= 0 && k && l->sample[k - 1].t < l->averted && s->t >= l->averted)
			run_averted(run, s->t);
		truth.now = *s;
		for (unsigned int i = 0; i < rule_count; i++) {
			struct opinion opinion = {
				.seconds = -1, .low = -1, .high = -1, .chance = -1};

			state = rules[i].bytes ? states[i] : state;
			rules[i].look(&rules[i], state, s, &opinion);
			lingers[i] &= opinion.alarm;
			opinion.alarm &= !lingers[i];
			run_opinion(run, i, s->t, dt, &opinion);
		}
	}
	for (; failure < l->failures; failure++)
		run_failure(run, l->failure[failure], failure ? l->failure[failure - 1] : 0,
			    l->kind[failure], l->category);
	if (!l->failures && l->category != QUIET &&
	    l->samples) /* it was ended before it could end */
		run_averted(run, l->sample[l->samples - 1].t);
	run_end(run, &truth, tally);
}

static int describe_rules(const struct live *live)
{
	struct tally *tally = calloc(rule_count, sizeof(*tally));
	void **states = calloc(rule_count, sizeof(*states));
	struct run *run = run_new();
	int r = tally && states && run ? 0 : -ENOMEM;

	for (unsigned int i = 0; !r && i < rule_count; i++)
		if (rules[i].bytes && !(states[i] = calloc(1, rules[i].bytes)))
			r = -ENOMEM;
	for (size_t i = 0; !r && i < live->n; i++)
		judge_lifespan(&live->lifespan[i], run, states, tally);
	if (!r) {
		printf("\nwhat each rule makes of the samples that the daemon took (minutes: leaks "
		       "are not judged, and what needs "
		       "an hour says nothing)\n");
		tally_print_head();
		for (unsigned int i = 0; i < rule_count; i++)
			tally_print(rules[i].name, &tally[i]);
	}
	for (unsigned int i = 0; i < rule_count; i++) {
		if (tally)
			tally_done(&tally[i]);
		if (states)
			free(states[i]);
	}
	free(states);
	free(tally);
	run_free(run);
	return r;
}

int live_play(const char *folder)
{
	struct live live = {.lifespan = calloc(MOST_RUNS, sizeof(struct lifespan))};
	bool good;
	int r = live.lifespan ? read_runs(folder, &live) : -ENOMEM;

	if (!r)
		r = read_recording(folder, &live);
	if (!r) {
		good = describe_daemon(&live);
		r = describe_rules(&live);
		r = r ? r : !good;
	}
	free(live.lifespan);
	return r;
}
