/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Real series: the noise and the quiet stretches of recordings, with growth of a known fate laid over them. A base is one recording; a
 * course is what a container would have shown, sampled at one spacing. The recordings are split by file: every second one is for tuning.
 */
#ifndef BACKTEST_REAL_H
#define BACKTEST_REAL_H

#include <stdbool.h>
#include <stdint.h>

#define MOST_SAMPLES 4000

struct base {
	char name[256];
	double limit, spacing; /* bytes; seconds, median */
	unsigned int samples;
	double *t, *level; /* seconds; share of the limit */
	double *noise;     /* level less its moving mean */
};

struct course {
	unsigned int samples;
	double t[MOST_SAMPLES], level[MOST_SAMPLES]; /* share of the limit */
	double grows_from,
		grows_until; /* seconds; until: the end of the memory, or of the growth */
	double killed_at;    /* < 0: never */
};

struct course_class {
	const char *name;
	bool fatal, leak; /* leak: growth that must be confirmed as one */
	double least_interval;
	/* Level above the start at sample i of n of the growth, 0…1 */
	double (*rise)(double share, const double *p);
};

extern const struct course_class course_classes[];
extern const unsigned int course_class_count;

/* Reads every CSV file of a folder; 0 or -errno. */
int bases_read(const char *folder, struct base **ret_bases, unsigned int *ret_count);
void bases_free(struct base *bases, unsigned int count);
/* False: this base cannot give such a course. */
bool course_make(struct course *course, const struct base *base, const struct course_class *class,
		 double interval, uint64_t seed);

/* Plays all of them and prints the tables; half 0: tuning, 1: held out, -1: both. */
int real_play(const char *folder, int half, unsigned int variants, bool each_class);

#endif
