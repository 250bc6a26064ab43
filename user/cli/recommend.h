/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What `headroom recommend` gathers of each workload, and how it prints it. */
#ifndef HEADROOM_CLI_RECOMMEND_H
#define HEADROOM_CLI_RECOMMEND_H

#include <stdio.h>
#include <headroom/reader.h>
#include "format/target_parse.h"
#include "report/recommendations.h"
#include "report/usage_series.h"

struct recommend_one {       /* a workload, or a cgroup that has none */
	uint64_t key;        /* workload, else cgroup id */
	struct hr_slot slot; /* the last one */
	uint64_t seen_ns;    /* its snapshot */
	unsigned int fit;    /* of the target, at best */
	struct series last;  /* at most one point */
	struct demand demand;
	uint64_t kills, last_kill_ns;
	uint64_t killed_at; /* the highest own limit; HR_UNKNOWN */
	bool parent_killed; /* at the limit of a parent, or the host's */
	uint32_t
		leak; /* enum hr_leak_state, by its events; once a leak ended in a kill, it stays */
	bool leaked;
	int64_t leak_bytes_per_hour;
	struct recommendation result;
	char name[INCIDENT_NAME];
};

struct recommend_all {
	const struct target *target; /* NULL: what ls lists */
	uint64_t from_ns, to_ns;     /* asked for */
	uint64_t newest_ns;          /* the newest snapshot */
	struct recommend_one **one;  /* by key; after recommend_finish() those to print, by name */
	size_t n, space;
};

/* recommend.c. The snapshot at which a reader stands, of struct recommend_all. 0 or -ENOMEM. */
int recommend_see(void *all, struct hr_reader *reader, uint64_t time_ns);
/* All snapshots and events of a reader. 0 or -errno. */
int recommend_read(struct recommend_all *all, struct hr_reader *reader);
/* Keeps what is asked for, with its recommendation. */
void recommend_finish(struct recommend_all *all);
void recommend_done(struct recommend_all *all);

enum recommend_format {
	RECOMMEND_TABLE,
	RECOMMEND_WIDE,
	RECOMMEND_JSON,
	RECOMMEND_YAML,
	RECOMMEND_CSV,
	RECOMMEND_KUBERNETES,
	RECOMMEND_COMPOSE,
	RECOMMEND_SYSTEMD,
	RECOMMEND_FORMATS
};
extern const char *const recommend_formats[RECOMMEND_FORMATS];

/* recommend_output.c. 0 or -ENOMEM. *ret_written: how many have a limit in the output. */
int recommend_print(const struct recommend_all *all, enum recommend_format format, bool headers,
		    FILE *out, size_t *ret_written);
/* Why it has no limit: "not enough history to recommend a limit", "leak: …"; NULL: it has one. */
const char *recommend_refusal(const struct recommend_one *one);

#endif
