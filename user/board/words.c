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

static const char *const rungs[HR_RUNG_COUNT] = {
	[HR_RUNG_NONE] = NULL,
	[HR_RUNG_NOTIFY] = "notify",
	[HR_RUNG_RECLAIM] = "reclaim",
	[HR_RUNG_THROTTLE] = "throttle",
	[HR_RUNG_TERM] = "term",
	[HR_RUNG_KILL] = "kill",
	[HR_RUNG_REFLEX] = "reflex",
	[HR_RUNG_THEN] = "then",
};

static const char *const deeds[HR_DEED_COUNT] = {
	[HR_DEED_DONE] = "done",
	[HR_DEED_REHEARSED] = "rehearsed",
	[HR_DEED_FAILED] = "failed",
	[HR_DEED_SKIPPED] = "skipped",
	[HR_DEED_REFUSED] = "refused",
};

static const char *const whys[HR_WHY_COUNT] = {
	[HR_WHY_NONE] = NULL,
	[HR_WHY_PROTECTED] = "protected",
	[HR_WHY_OWNER] = "protected by its owner",
	[HR_WHY_SANDBOX] = "pod sandbox",
	[HR_WHY_RUNTIME] = "container runtime",
	[HR_WHY_SELF] = "headroom itself",
	[HR_WHY_INIT] = "init",
	[HR_WHY_KTHREAD] = "kernel thread",
	[HR_WHY_SMALLER] = "smaller",
	[HR_WHY_SLOWER] = "grows less",
	[HR_WHY_UNDER_REQUEST] = "within its request",
	[HR_WHY_PRIORITY] = "lower priority",
	[HR_WHY_COOLDOWN] = "cooling down",
	[HR_WHY_HOLD_OFF] = "the kernel has just killed there",
	[HR_WHY_BUDGET] = "budget spent",
	[HR_WHY_UNKNOWN] = "not known well enough",
	[HR_WHY_GONE] = "gone",
};

static const char *const modes[] = {"observe", "dry-run", "enforce"};

#define WORD(table, i) ((i) < ARRAY_SIZE(table) ? (table)[i] : NULL)

const char *hr_runtime_word(unsigned int runtime) { return WORD(runtimes, runtime); }
const char *hr_event_type_word(unsigned int type) { return WORD(event_types, type); }
const char *hr_severity_word(unsigned int severity) { return WORD(severities, severity); }
const char *hr_level_word(unsigned int level) { return WORD(levels, level); }
const char *hr_constraint_word(unsigned int constraint) { return WORD(constraints, constraint); }
const char *hr_rung_word(unsigned int rung) { return WORD(rungs, rung); }
const char *hr_deed_word(unsigned int deed) { return WORD(deeds, deed); }
const char *hr_why_word(unsigned int why) { return WORD(whys, why); }
const char *hr_mode_word(unsigned int mode) { return WORD(modes, mode); }

int hr_event_type_parse(const char *word, unsigned int *ret_type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(event_types); i++)
		if (event_types[i] && !strcmp(event_types[i], word)) {
			*ret_type = i;
			return 0;
		}
	return -EINVAL;
}
