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
	[HR_RUNTIME_NSPAWN] = "nspawn",
	[HR_RUNTIME_SLURM] = "slurm",
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
	[HR_EVENT_DAEMON] = "guard",
	[HR_EVENT_OOM_SCORE_ADJ] = "oom_score_adj",
	[HR_EVENT_MEMORY_MAP] = "memory_map",
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

static const char *const actions[HR_ACTION_COUNT] = {
	[HR_ACTION_NONE] = NULL,         [HR_ACTION_NOTIFY] = "notify",
	[HR_ACTION_RECLAIM] = "reclaim", [HR_ACTION_THROTTLE] = "throttle",
	[HR_ACTION_TERM] = "term",       [HR_ACTION_KILL] = "kill",
	[HR_ACTION_REFLEX] = "reflex",   [HR_ACTION_ON_EXIT] = "on_exit",
	[HR_ACTION_RESIZE] = "resize",
};

static const char *const statuses[HR_STATUS_COUNT] = {
	[HR_STATUS_DONE] = "done",       [HR_STATUS_DRY_RUN] = "dry_run",
	[HR_STATUS_FAILED] = "failed",   [HR_STATUS_SKIPPED] = "skipped",
	[HR_STATUS_REFUSED] = "refused",
};

static const char *const map_kinds[HR_MAP_KINDS] = {
	[HR_MAP_REST] = "rest",
	[HR_MAP_HEAP] = "heap",
	[HR_MAP_GLIBC_ARENA] = "glibc_arena",
	[HR_MAP_GO_HEAP] = "go_heap",
	[HR_MAP_JVM_HEAP] = "jvm_heap",
	[HR_MAP_JVM_METASPACE] = "jvm_metaspace",
	[HR_MAP_JVM_CODE] = "jvm_code",
	[HR_MAP_V8] = "v8",
	[HR_MAP_CPYTHON_ARENA] = "cpython_arena",
	[HR_MAP_STACK] = "stack",
	[HR_MAP_MEMFD] = "memfd",
	[HR_MAP_SHM] = "shm",
	[HR_MAP_FILE] = "file",
	[HR_MAP_DEVICE] = "device",
	[HR_MAP_ANON] = "anonymous",
};

static const char *const whys[HR_SKIP_COUNT] = {
	[HR_SKIP_NONE] = NULL,
	[HR_SKIP_PROTECTED] = "protected",
	[HR_SKIP_OWNER] = "protected by its owner",
	[HR_SKIP_SANDBOX] = "pod sandbox",
	[HR_SKIP_RUNTIME] = "container runtime",
	[HR_SKIP_SELF] = "headroom itself",
	[HR_SKIP_INIT] = "init",
	[HR_SKIP_KTHREAD] = "kernel thread",
	[HR_SKIP_SMALLER] = "smaller",
	[HR_SKIP_SLOWER] = "slower growth",
	[HR_SKIP_UNDER_REQUEST] = "within its request",
	[HR_SKIP_PRIORITY] = "lower priority",
	[HR_SKIP_COOLDOWN] = "cooldown",
	[HR_SKIP_HOLD_OFF] = "recent kernel OOM kill",
	[HR_SKIP_RATE_LIMIT] = "rate limit reached",
	[HR_SKIP_UNKNOWN] = "insufficient data",
	[HR_SKIP_GONE] = "gone",
	[HR_SKIP_RENAMED] = "renamed: no longer matches",
	[HR_SKIP_NO_CANDIDATE] = "no candidate may be chosen",
	[HR_SKIP_NO_MATCH] = "nothing that it matches runs",
	[HR_SKIP_MODE] = "mode is not enforce",
	[HR_SKIP_NOT_REACHED] = "its condition was not reached",
	[HR_SKIP_FOR] = "its condition held for less than `for`",
	[HR_SKIP_UNDER_WAY] = "its actions were under way",
	[HR_SKIP_OTHER_POLICY] = "another policy's actions were under way",
	[HR_SKIP_REFLEX_NOT_HIT] = "the reflex was armed and did not fire",
	[HR_SKIP_PAUSED] = "the target was paused",
	[HR_SKIP_FAILED] = "its action failed",
	[HR_SKIP_NO_HELP] = "too small to help",
	[HR_SKIP_LEAK] = "a confirmed leak: a higher limit only delays it",
	[HR_SKIP_OTHER_LIMIT] = "another limit binds",
	[HR_SKIP_HIDDEN] = "its processes are not visible",
	[HR_SKIP_NO_EFFECT] = "its action had no effect",
};

static const char *const modes[] = {"observe", "dry-run", "enforce"};

#define WORD(table, i) ((i) < ARRAY_SIZE(table) ? (table)[i] : NULL)

const char *hr_runtime_name(unsigned int runtime) { return WORD(runtimes, runtime); }
const char *hr_event_type_name(unsigned int type) { return WORD(event_types, type); }
const char *hr_severity_name(unsigned int severity) { return WORD(severities, severity); }
const char *hr_level_name(unsigned int level) { return WORD(levels, level); }
const char *hr_constraint_name(unsigned int constraint) { return WORD(constraints, constraint); }
const char *hr_action_kind_name(unsigned int kind) { return WORD(actions, kind); }
const char *hr_action_status_name(unsigned int status) { return WORD(statuses, status); }
const char *hr_skip_reason_name(unsigned int reason) { return WORD(whys, reason); }
const char *hr_map_kind_name(unsigned int kind) { return WORD(map_kinds, kind); }
const char *hr_mode_name(unsigned int mode) { return WORD(modes, mode); }

int hr_event_type_parse(const char *word, unsigned int *ret_type)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(event_types); i++)
		if (event_types[i] && !strcmp(event_types[i], word)) {
			*ret_type = i;
			return 0;
		}
	return -EINVAL;
}
