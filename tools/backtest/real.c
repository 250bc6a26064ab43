// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Recordings, and the courses that are made of them. Judges nothing. */
#include "real.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/csv_series.h"
#include "score.h"
#include "world.h"

#define AROUND     15   /* samples on each side of the moving mean */
#define BLOCK      20   /* samples of a block of the bootstrap: Künsch 1989 */
#define MOST_NOISE 0.02 /* standard deviation, share of the limit */
#define MOST_ROWS  1000000
#define HELD_LEAST 3

static double median_spacing(const struct base *base)
{
	struct values gap = {0};
	double median;

	for (unsigned int i = 1; i < base->samples; i++)
		values_add(&gap, base->t[i] - base->t[i - 1]);
	median = fmax(values_quantile(&gap, 0.5), 0.5);
	free(gap.v);
	return median;
}

static void find_noise(struct base *base)
{
	double squares = 0, scale;

	for (unsigned int i = 0; i < base->samples; i++) {
		unsigned int from = i < AROUND ? 0 : i - AROUND, n = 0;
		double sum = 0;

		for (unsigned int j = from; j < base->samples && j <= i + AROUND; j++, n++)
			sum += base->level[j];
		base->noise[i] = base->level[i] - sum / n;
		squares += base->noise[i] * base->noise[i];
	}
	scale = MOST_NOISE / fmax(sqrt(squares / base->samples), MOST_NOISE);
	for (unsigned int i = 0; i < base->samples; i++)
		base->noise[i] *= scale;
}

static int base_read(const char *path, const char *name, struct base *base)
{
	struct series_row row;
	struct series *series;
	unsigned int space = 0;
	int err = series_open(path, &series);

	if (err) {
		log_error("%s", series_open_error());
		return err;
	}
	snprintf(base->name, sizeof(base->name), "%s", name);
	while (base->samples < MOST_ROWS && !(err = series_next(series, &row))) {
		if (base->samples == space) {
			space = space ? 2 * space : 1024;
			base->t = realloc(base->t, space * sizeof(double));
			base->level = realloc(base->level, space * sizeof(double));
			if (!base->t || !base->level)
				abort();
		}
		if (row.memory.limit == HR_UNKNOWN ||
		    (base->samples && row.t_seconds <= base->t[base->samples - 1]))
			continue;
		base->limit = (double)row.memory.limit;
		base->t[base->samples] = row.t_seconds;
		base->level[base->samples++] = (double)row.used / base->limit;
	}
	if (err && err != -ENODATA)
		log_error("%s", series_error(series));
	series_close(series);
	if (err && err != -ENODATA)
		return err;
	base->noise = calloc(base->samples + 1, sizeof(double));
	if (!base->noise)
		abort();
	if (base->samples < 4 * BLOCK)
		return -ENODATA;
	base->spacing = median_spacing(base);
	find_noise(base);
	return 0;
}

static int is_csv(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && strcmp(entry->d_name + n - 4, ".csv") == 0;
}

int bases_read(const char *folder, struct base **ret_bases, unsigned int *ret_count)
{
	struct dirent **entry;
	char path[4096];
	int n = scandir(folder, &entry, is_csv, alphasort), err = 0;
	struct base *bases = n > 0 ? calloc((size_t)n, sizeof(*bases)) : NULL;

	if (n <= 0 || !bases) {
		log_error("%s: no recordings", folder);
		return n < 0 ? -errno : -ENOENT;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (!err)
			err = base_read(path, entry[i]->d_name, &bases[i]);
		if (err)
			log_error("%s: too short, or not readable", path);
		free(entry[i]);
	}
	free(entry);
	if (err) {
		bases_free(bases, (unsigned int)n);
		return err;
	}
	*ret_bases = bases;
	*ret_count = (unsigned int)n;
	return 0;
}

void bases_free(struct base *bases, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		free(bases[i].t);
		free(bases[i].level);
		free(bases[i].noise);
	}
	free(bases);
}

/* p: parameters in 0…1, drawn once for each course. */
static double rise_steady(double share, const double *p)
{
	(void)p;
	return share;
}

/* Fast for a part of each period, and at rest for the remainder. */
static double rise_bursts(double share, const double *p)
{
	double periods = 4 + floor(12 * p[0]), at = share * periods, within = at - floor(at);
	double active = 0.15 + 0.5 * p[1];

	return (floor(at) + fmin(1, within / active)) / periods;
}

static double rise_quickening(double share, const double *p)
{
	return p[0] < 0.5 ? pow(share, 1.5 + 3 * p[0]) : (exp2(6 * share) - 1) / 63;
}

static double rise_sawtooth(double share, const double *p)
{
	double teeth = 8 + floor(20 * p[0]), at = share * teeth, high = 0.1 + 0.2 * p[1];

	return (1 - high) * share + high * (at - floor(at));
}

static double rise_stairs(double share, const double *p)
{
	double stairs = 4 + floor(10 * p[0]);

	return floor(share * stairs) / stairs;
}

static double rise_saturation(double share, const double *p)
{
	return (1 - exp(-share * (3 + 2 * p[0]))) / (1 - exp(-(3 + 2 * p[0])));
}

static double rise_none(double share, const double *p)
{
	(void)share;
	(void)p;
	return 0;
}

enum { CLASS_STAND = 6, CLASS_QUIET, CLASS_STEP };

const struct course_class course_classes[] = {
	{"steady", true, false, 0, rise_steady},
	{"bursts", true, false, 0, rise_bursts},
	{"quickening", true, false, 0, rise_quickening},
	{"sawtooth", true, false, 0, rise_sawtooth},
	{"stairs", true, false, 0, rise_stairs},
	{"leak", true, true, 15, rise_steady},
	{"stand", true, false, 0, rise_steady},
	{"quiet", false, false, 0, rise_none},
	{"step", false, false, 0, rise_steady},
	{"plateau", false, false, 0, rise_steady},
	{"saturation", false, false, 0, rise_saturation},
	{"bursts, end", false, false, 0, rise_bursts},
	{"stairs, end", false, false, 0, rise_stairs},
};
const unsigned int course_class_count = sizeof(course_classes) / sizeof(course_classes[0]);

/* What the sampling does to a course: nothing, coarse figures, missing samples, or readings that are repeated. */
enum sampling { EXACT, QUANTISED, MISSING, HELD, SAMPLINGS };

struct plan {
	unsigned int calm, grow, after; /* samples */
	double from, to;                /* share of the limit */
	double p[2];
	enum sampling sampling;
	unsigned int held;
};

static struct plan draw_plan(struct world *w, const struct course_class *class, double interval,
			     unsigned int variant)
{
	size_t which = (size_t)(class - course_classes);
	struct plan plan = {
		.calm = (unsigned int)draw_log(w, 60, 250),
		.grow = (unsigned int)draw_log(w, 10, 500),
		.after = class->fatal ? 0 : (unsigned int)draw_log(w, 150, 500),
		.from = draw_between(w, 0.25, 0.6),
		.to = class->fatal ? 1 : draw_between(w, 0.85, 0.97),
		.p = {draw(w), draw(w)},
		.sampling = variant % SAMPLINGS,
		.held = HELD_LEAST + (unsigned int)(12 * draw(w)),
	};
	double per_hour;

	if (class->leak) { /* .5, 1, 2, 5 % an hour from 55 to 85 % on, after four quiet hours */
		per_hour = (double[]){0.005, 0.01, 0.02, 0.05}[(unsigned int)(4 * draw(w))];
		plan.from = draw_between(w, 0.55, 0.85);
		plan.calm = (unsigned int)(4 * HOUR / interval);
		plan.grow = (unsigned int)((1 - plan.from) / per_hour * HOUR / interval);
		while (plan.calm + plan.grow > MOST_SAMPLES - 10) {
			plan.from = 1 - 0.8 * (1 - plan.from);
			plan.grow = plan.grow * 8 / 10;
			plan.calm = plan.calm * 8 / 10;
		}
	} else if (which == CLASS_STAND) { /* killed after it has stood near the limit */
		plan.to = draw_between(w, 0.975, 0.99);
		plan.grow = (unsigned int)draw_log(w, 10, 60);
		plan.after = (unsigned int)fmax(900 / interval, 5);
	} else if (which == CLASS_STEP) {
		plan.grow = 1 + (unsigned int)(8 * draw(w));
	} else if (which == CLASS_QUIET) {
		plan.calm = 1500;
		plan.grow = plan.after = 0;
	}
	return plan;
}

/* Level of the recording at a time, as a poll would see it. */
static double level_at(const struct base *base, double t, unsigned int *hint)
{
	while (*hint + 1 < base->samples && base->t[*hint + 1] <= t)
		++*hint;
	return base->level[*hint];
}

/* The quiet part of a recording itself, resampled. */
static bool lay_under(struct course *c, const struct base *base, struct world *w, double interval,
		      unsigned int samples)
{
	double span = base->t[base->samples - 1] - base->t[0], need = samples * interval, from;
	unsigned int hint = 0;

	if (interval < 0.8 * base->spacing || span < need)
		return false;
	from = base->t[0] + draw(w) * (span - need);
	for (unsigned int i = 0; i < samples; i++)
		c->level[i] = level_at(base, from + i * interval, &hint);
	return true;
}

/* Blocks of real noise, sample by sample: a recording that is coarser than the interval is played faster. */
static void bootstrap(struct course *c, const struct base *base, struct world *w,
		      unsigned int samples)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < samples; i++, at++) {
		if (i % BLOCK == 0)
			at = (unsigned int)(draw(w) * (base->samples - BLOCK));
		c->level[i] = base->noise[at];
	}
}

static void sample_as_polled(struct course *c, const struct plan *plan, struct world *w)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < c->samples; i++) {
		double level = c->level[i];

		if (plan->sampling == QUANTISED)
			level = floor(level * 1000) / 1000;
		if (plan->sampling == HELD && i % plan->held)
			level = c->level[kept - 1];
		if (plan->sampling == MISSING && i && draw(w) < 0.05)
			continue;
		c->t[kept] = c->t[i];
		c->level[kept++] = level;
	}
	c->samples = kept;
}

bool course_make(struct course *c, const struct base *base, const struct course_class *class,
		 double interval, uint64_t seed)
{
	struct world w = {.rng = seed * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL};
	size_t which = (size_t)(class - course_classes);
	struct plan plan;
	unsigned int all, i;
	double start;

	for (i = 0; i < 8; i++)
		draw(&w);
	if (interval < class->least_interval)
		return false;
	plan = draw_plan(&w, class, interval, (unsigned int)seed);
	all = plan.calm + plan.grow + plan.after;
	if (which == CLASS_QUIET || class->leak) {
		if (!lay_under(c, base, &w, interval, all))
			return false;
		start = which == CLASS_QUIET ? 0 : plan.from - c->level[plan.calm];
	} else {
		bootstrap(c, base, &w, all);
		start = plan.from;
	}
	c->grows_from = plan.calm * interval;
	c->grows_until = (plan.calm + plan.grow) * interval;
	c->killed_at = class->fatal ? all * interval : -1;
	for (i = 0; i < all; i++) {
		double share =
			i < plan.calm ? 0 : fmin(1, (i - plan.calm + 1.0) / fmax(plan.grow, 1));

		c->t[i] = i * interval;
		c->level[i] +=
			start + (plan.to - start) * (plan.grow ? class->rise(share, plan.p) : 0);
		if (class->fatal && i >= plan.calm && c->level[i] >= 1) {
			c->killed_at = c->t[i];
			if (which != CLASS_STAND)
				c->grows_until = c->t[i];
			break;
		}
		c->level[i] = fmin(fmax(c->level[i], 0.001), 0.9995);
	}
	c->samples = i;
	sample_as_polled(c, &plan, &w);
	return c->samples > 20;
}
