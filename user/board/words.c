// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The contract's words for the numbers on the board: one table each, in the order of the layout. */
#include <errno.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/cleanup.h"

static const char *const runtimes[HR_RUNTIME_COUNT] = {
	[HR_RUNTIME_NONE] = "none",
	[HR_RUNTIME_DOCKER] = "docker",
	[HR_RUNTIME_CONTAINERD] = "containerd",
	[HR_RUNTIME_CRIO] = "cri-o",
	[HR_RUNTIME_PODMAN] = "podman",
	[HR_RUNTIME_NERDCTL] = "nerdctl",
	[HR_RUNTIME_LXC] = "lxc",
	[HR_RUNTIME_SYSTEMD] = "systemd",
};

static const char *const event_types[HR_EVENT_COUNT] = {
	/* a pad is no event */
	[HR_EVENT_OOM_KILL] = "oom_kill",
	[HR_EVENT_RISK] = "risk",
	[HR_EVENT_LEAK] = "leak",
	[HR_EVENT_ACTION] = "action",
	[HR_EVENT_OUTCOME] = "outcome",
	[HR_EVENT_PRESSURE] = "pressure",
	[HR_EVENT_CONTAINER] = "container",
	[HR_EVENT_GUARD] = "guard",
	[HR_EVENT_OOM_SCORE_ADJ] = "oom_score_adj",
};

static const char *const severities[] = {
	[HR_INFO] = "info",
	[HR_WARNING] = "warning",
	[HR_CRITICAL] = "critical",
};

static const char *const levels[HR_LEVEL_COUNT] = {
	[HR_LEVEL_OWN] = "own",
	[HR_LEVEL_ANCESTOR] = "ancestor",
	[HR_LEVEL_HOST] = "host",
};

static const char *const constraints[] = {
	[HR_CONSTRAINT_NONE] = "none",
	[HR_CONSTRAINT_CPUSET] = "cpuset",
	[HR_CONSTRAINT_MEMORY_POLICY] = "memory_policy",
	[HR_CONSTRAINT_MEMCG] = "memcg",
	[HR_CONSTRAINT_UNKNOWN] = NULL, /* a fact that is not known has no word */
};

#define WORD(table, i) ((i) < ARRAY_SIZE(table) ? (table)[i] : NULL)

const char *hr_runtime_word(unsigned int runtime) { return WORD(runtimes, runtime); }
const char *hr_event_type_word(unsigned int type) { return WORD(event_types, type); }
const char *hr_severity_word(unsigned int severity) { return WORD(severities, severity); }
const char *hr_level_word(unsigned int level) { return WORD(levels, level); }
const char *hr_constraint_word(unsigned int constraint) { return WORD(constraints, constraint); }

int hr_event_type_parse(const char *word, unsigned int *ret_type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(event_types); i++)
		if (event_types[i] && !strcmp(event_types[i], word)) {
			*ret_type = i;
			return 0;
		}
	return -EINVAL;
}
