/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Scenarios of an escalation: a policy, what happens to the container in slot 0, and the log that is expected of it. */
#ifndef HEADROOM_FIXTURE_SCENARIO_H
#define HEADROOM_FIXTURE_SCENARIO_H

#include "fixture_policy.h"

struct scenario {
	const char *name;
	void (*go)(struct snapshot *w);
	const char *log;
};

static inline void rule(struct snapshot *w, const struct rule_spec *spec)
{
	set_add(w, spec);
	world_rules(w);
}

static inline void usage(struct snapshot *w, uint64_t mib) { w->slot[0].memory.usage = mib * MIB; }

/* Above the threshold from the start, for so long. */
static inline void run_above(struct snapshot *w, const struct rule_spec *spec, unsigned int seconds)
{
	rule(w, spec);
	usage(w, 312);
	world_run(w, seconds);
}

static inline void scenarios_run(const struct scenario *scenarios, size_t n)
{
	int bad = 0;

	for (size_t i = 0; i < n; i++) {
		const struct scenario *s = &scenarios[i];
		struct snapshot *w = world_new(MODE_ENFORCE);

		world_container(w, 0, "citizen-7", 100);
		s->go(w);
		if (strcmp(w->log, s->log) != 0) {
			print_error("%s: got\n%sinstead of\n%s", s->name, w->log, s->log);
			bad++;
		}
		world_free(w);
	}
	assert_int_equal(bad, 0);
}

#endif
