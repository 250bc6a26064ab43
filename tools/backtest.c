// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The backtest: made-up containers with a known fate, and recorded traces, against headroom and the
 * rules beside it. Tuned on even seeds, reported on odd ones. Prints tables; writes nothing but
 * what --table names.
 */
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backtest/bench.h"
#include "backtest/calibration.h"
#include "backtest/headroom.h"
#include "backtest/limits.h"
#include "backtest/live.h"
#include "backtest/real.h"
#include "backtest/score.h"
#include "backtest/traces.h"
#include "base/log.h"

/* Odd variants below this one were looked at while the constants were chosen: no longer held out. */
#define HELD_OUT 100

struct options {
	unsigned int seeds; /* variants of each shape */
	unsigned int first; /* 1: odd seeds, 0: even ones */
	unsigned int skip;  /* skipped variants */
	const char *shape, *rule, *traces, *table, *live, *real;
	long seed; /* one only; with --print its series */
	bool per_shape, print, bench, limits;
};

static void *states[32];

static void forget(bool all)
{
	for (unsigned int i = 0; i < rule_count; i++)
		if (rules[i].bytes && (all || !rules[i].runs))
			memset(states[i], 0, rules[i].bytes);
}

static void print_sample(const struct sample *s)
{
	const struct headroom *h = states[0];

	printf("%.3f,%.0f,%.0f,%.0f,%.2f,%d,%.1f,%d,%.2f", s->t, s->unreclaimable, s->limit,
	       s->headroom, h->forecast.risk_centi / 100.0, h->forecast.alarm,
	       h->forecast.oom_in_p50_ms == HR_UNKNOWN ? -1.0
						       : (double)h->forecast.oom_in_p50_ms / 1e3,
	       h->forecast.leak, (double)h->verdict.log_odds);
	for (int i = 0; i < h->verdict.terms; i++)
		printf(" %s%+.2f", forecast_reason_name(h->verdict.term[i].kind),
		       (double)h->verdict.term[i].weight);
	printf("\n");
}

static void look_all(struct run *run, const struct options *opt, const struct sample *s, double dt)
{
	void *state = NULL;

	run_sample(run, s->t, s->unreclaimable + s->swap);
	for (unsigned int i = 0; i < rule_count; i++) {
		struct opinion opinion = {.seconds = -1, .low = -1, .high = -1, .chance = -1};

		if (rules[i].bytes)
			state = states[i];
		if (opt->rule && !strstr(rules[i].name, opt->rule))
			continue;
		rules[i].look(&rules[i], state, s, &opinion);
		run_opinion(run, i, s->t, dt, &opinion);
	}
	if (opt->print)
		print_sample(s);
}

/* The daemon's spacing: calm intervals that shorten to 50 ms as the time that is left does. */
static double spacing(struct world *w)
{
	const struct headroom *h = states[0];
	double dt = w->interval, left;

	if (strcmp(w->shape->name, "gaps_and_jumps") == 0) {
		if (draw(w) < 0.003)
			return fmin(dt * draw_log(w, 10, 1000),
				    w->p[3] ? 0.05 * w->p[0] : 4 * HOUR);
		if (draw(w) < 0.001)
			return 0.001;
	}
	if (!w->adaptive)
		return dt;
	dt = fmin(dt, 1);
	if (h->forecast.oom_in_p10_ms != HR_UNKNOWN) {
		left = (double)h->forecast.oom_in_p10_ms / 1e3;
		dt = fmin(dt, fmax(0.05, left / 20));
	}
	return dt;
}

static void play(const struct options *opt, const struct shape *shape, unsigned long seed,
		 struct run *run, struct tally *tallies, struct calibration_data *data)
{
	static struct world w;
	bool more = true;

	world_begin(&w, shape, seed);
	forget(true);
	run_begin(run);
	if (data)
		calibration_run_begin(data);
	while (more) {
		double dt = spacing(&w);

		more = world_advance(&w, dt);
		if (w.has_failed) {
			run_failure(run, w.failed_at, w.ramp_start, w.has_failed, shape->category);
			forget(false);
			if (w.now.t >= w.end || !w.now.restarted)
				break;
			continue;
		}
		if (w.averted)
			run_averted(run, w.now.t);
		if (w.now.restarted)
			forget(false);
		look_all(run, opt, &w.now, dt);
		if (data)
			calibration_note(data, w.now.t, &((struct headroom *)states[0])->verdict);
	}
	run_end(run, &w, tallies);
	if (data)
		calibration_run_end(data, run);
}

static void print_failures(const struct run *run, const char *shape, unsigned int seed)
{
	if (run_wrong(run, 0) || run_wrong(run, 1) || run_missed(run, 0) ||
	    run_leak_wrong(run, 0) || run_leak_missed(run, 0))
		printf("# %s seed %u:%s%s%s%s%s\n", shape, seed,
		       run_wrong(run, 0) ? " wrong-warn" : "",
		       run_wrong(run, 1) ? " wrong-act" : "", run_missed(run, 0) ? " missed" : "",
		       run_leak_wrong(run, 0) ? " wrong-leak" : "",
		       run_leak_missed(run, 0) ? " missed-leak" : "");
}

static void play_shapes(const struct options *opt, struct run *run, struct tally *sum,
			struct calibration_data *data)
{
	struct tally *one = calloc(rule_count, sizeof(*one));

	if (!one)
		abort();
	for (unsigned int s = 0; s < shape_count; s++) {
		if (opt->shape && strcmp(opt->shape, shapes[s].name) != 0)
			continue;
		for (unsigned int v = opt->skip; v < opt->skip + opt->seeds; v++) {
			unsigned long seed = 1000ul * s + 2 * v + opt->first;

			if (opt->seed >= 0 && 2L * v + opt->first != opt->seed)
				continue;
			play(opt, &shapes[s], seed, run, one, data);
			if (opt->per_shape)
				print_failures(run, shapes[s].name, 2 * v + opt->first);
		}
		for (unsigned int i = 0; i < rule_count; i++) {
			if (opt->per_shape &&
			    (i < 2 || (opt->rule && strstr(rules[i].name, opt->rule)))) {
				char name[64];

				snprintf(name, sizeof(name), "%s%s", shapes[s].name,
					 i == 1 ? " act" : "");
				tally_print(name, &one[i]);
			}
			tally_sum(&sum[i], &one[i]);
			tally_done(&one[i]);
		}
	}
	free(one);
}

static const struct option long_options[] = {
	{"skip", required_argument, 0, 'k'},
	{"quick", no_argument, 0, 'q'},
	{"variants", required_argument, 0, 'n'},
	{"even", no_argument, 0, 'e'},
	{"shape", required_argument, 0, 's'},
	{"rule", required_argument, 0, 'r'},
	{"traces", required_argument, 0, 't'},
	{"table", required_argument, 0, 'T'},
	{"per-shape", no_argument, 0, 'p'},
	{"seed", required_argument, 0, 'S'},
	{"print", no_argument, 0, 'P'},
	{"bench", no_argument, 0, 'b'},
	{"live", required_argument, 0, 'L'},
	{"real", required_argument, 0, 'R'},
	{"limits", no_argument, 0, 'M'},
	{"help", no_argument, 0, 'h'},
	{0},
};

static const char usage[] =
	"usage: backtest [--quick] [--variants N] [--skip N] [--even] [--shape NAME] [--rule WORD] "
	"[--per-shape]\n"
	"                [--seed N --print] [--traces DIR] [--real DIR] [--limits] [--live DIR] "
	"[--table "
	"FILE]\n"
	"                [--bench]\n"
	"  --quick      few variants: a smoke test\n"
	"  --skip N     begin with variant N (100 for the report: seeds below were looked at while "
	"tuning)\n"
	"  --even       the tuning half (the report is on odd seeds)\n"
	"  --table      calibrate on the tuning half and write user/forecast/calibrate_table.h\n"
	"  --bench      what one update costs, in nanoseconds and bytes\n"
	"  --traces     play the recordings in DIR (CSV: t_seconds,used_bytes,limit_bytes) "
	"instead\n"
	"  --real       growth, plateaus and steps on the noise of the recordings in DIR, at five "
	"spacings;\n"
	"               --even: every second recording, the tuning half; --per-shape: each class "
	"at "
	"each spacing\n"
	"  --limits     which recommended limit holds the demand that comes: shapes, and with "
	"--traces DIR\n"
	"               its recordings and growth on them\n"
	"  --live       score what really ran: DIR as tools/backtest-live leaves it\n";

/* False: there is nothing more to do than to exit with *ret_exit. */
static bool parse(int argc, char **argv, struct options *opt, int *ret_exit)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (c) {
		case 'q':
			opt->seeds = 4;
			break;
		case 'n':
			opt->seeds = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'k':
			opt->skip = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'e':
			opt->first = 0;
			break;
		case 's':
			opt->shape = optarg;
			break;
		case 'r':
			opt->rule = optarg;
			break;
		case 't':
			opt->traces = optarg;
			break;
		case 'T':
			opt->table = optarg;
			opt->first = 0;
			opt->rule = "headroom";
			break;
		case 'p':
			opt->per_shape = true;
			break;
		case 'S':
			opt->seed = strtol(optarg, NULL, 10);
			opt->first = (unsigned int)opt->seed % 2;
			break;
		case 'P':
			opt->print = true;
			break;
		case 'L':
			opt->live = optarg;
			break;
		case 'R':
			opt->real = optarg;
			break;
		case 'M':
			opt->limits = true;
			break;
		case 'b':
			opt->bench = true;
			break;
		default:
			fputs(usage, c == 'h' ? stdout : stderr);
			*ret_exit = c == 'h' ? 0 : 2;
			return false;
		}
	}
	return true;
}

static void print_report(const struct options *opt, struct tally *sum, double cpu_seconds)
{
	printf("\n%u variants of %u shapes, %s seeds, %.0f container-days, %.0f s of CPU\n",
	       opt->seeds, shape_count, opt->first ? "held-out (odd)" : "tuning (even)",
	       sum[0].container_days, cpu_seconds);
	tally_print_head();
	for (unsigned int i = 0; i < rule_count; i++)
		if (!opt->rule || strstr(rules[i].name, opt->rule))
			tally_print(rules[i].name, &sum[i]);
}

static int play_all(const struct options *opt)
{
	struct calibration_data *data = NULL;
	struct tally *sum = calloc(rule_count, sizeof(*sum));
	struct run *run = run_new();
	clock_t begun = clock();
	int failed = !sum || !run || (opt->table && !(data = calibration_new()));

	for (unsigned int i = 0; i < rule_count && !failed; i++) {
		states[i] = rules[i].bytes ? calloc(1, rules[i].bytes) : NULL;
		failed = rules[i].bytes && !states[i];
	}
	if (!failed) {
		if (opt->per_shape)
			tally_print_head();
		play_shapes(opt, run, sum, data);
		if (data)
			failed = calibration_write(data, opt->table) != 0;
		else if (!opt->print)
			print_report(opt, sum, (double)(clock() - begun) / CLOCKS_PER_SEC);
	}
	for (unsigned int i = 0; i < rule_count; i++) {
		if (sum)
			tally_done(&sum[i]);
		free(states[i]);
	}
	calibration_free(data);
	free(sum);
	run_free(run);
	return failed;
}

int main(int argc, char **argv)
{
	struct options opt = {.seeds = 80, .first = 1, .skip = UINT_MAX, .seed = -1};
	int status = 0;

	log_name("backtest");
	if (!parse(argc, argv, &opt, &status))
		return status;
	if (opt.bench)
		return bench_run();
	if (opt.limits)
		return limits_play(opt.traces, opt.first, opt.seeds, opt.first ? HELD_OUT : 0);
	if (opt.live)
		return live_play(opt.live) ? 1 : 0;
	if (opt.real)
		return real_play(opt.real, (int)opt.first, opt.seeds, opt.per_shape) ? 1 : 0;
	if (opt.traces)
		return traces_play(opt.traces) ? 1 : 0;
	if (opt.skip == UINT_MAX)
		opt.skip = opt.first && opt.seed < 0 ? HELD_OUT : 0;
	return play_all(&opt) ? 1 : 0;
}
