// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Policy and enforcement before and after the loop: restores what a daemon before us left set, starts enforce and its workers,
 * publishes what this host supports, touches the tables. May block and allocate.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <headroom/reader.h>

#include "policy_driver_state.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "enforce/rollback.h"
#include "supervisor.h"

#define TOUCHED 32 /* actions and outcomes that have their pages from the start */

/* What daemon and supervisor left set when both were killed together. */
static void restore(struct daemon *daemon, const char *path)
{
	struct undo *undo;
	unsigned int n;

	if (undo_open(path, &undo))
		return;
	n = undo_all(undo);
	undo_close(undo);
	if (n)
		notice_daemon(daemon, HR_DAEMON_RESTORED, HR_WARNING, n,
			      "restored %u limits and frozen cgroups that a daemon before had set",
			      n);
}

/* Our own memory cgroup: never a target. 0 for the root, which is no target anyway, and which on a host without systemd holds
 * all processes outside containers. */
static uint64_t own_group(const struct daemon *daemon)
{
	char path[PATH_MAX], own[512];
	struct stat st;

	if (daemon_own_path(daemon->config->root, own, sizeof(own)) || !strcmp(own, "/"))
		return 0;
	snprintf(path, sizeof(path), "%s%s", collect_memory_root(daemon->collector), own);
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

/* Beside the signals' sources: action → variant. */
static void publish_support(struct daemon *daemon, const struct enforce_config *config)
{
	struct hr_host *host = board_host_begin(daemon->board);
	struct enforce_support support;
	size_t n = 0;

	while (n < HR_SOURCES && host->source[n].signal[0])
		n++;
	for (unsigned int i = 0; n < HR_SOURCES && !enforce_support(config, i, &support);
	     i++, n++) {
		snprintf(host->source[n].signal, sizeof(host->source[n].signal), "rung_%s",
			 hr_action_kind_name(support.kind));
		snprintf(host->source[n].variant, sizeof(host->source[n].variant), "%.35s",
			 support.variant);
	}
	board_host_end(daemon->board);
}

/* Warns of actions that policies use and this host does not support, at start and not when they are due. */
static void warn_unsupported(struct daemon *daemon, const struct enforce_config *config)
{
	const struct policy_set *set = daemon->policy_driver->rules.set;
	struct enforce_support support;

	for (unsigned int i = 0; !enforce_support(config, i, &support); i++) {
		if (strcmp(support.variant, "none"))
			continue;
		for (uint32_t p = 0; p < set->policies; p++) {
			const struct policy *policy = policy_at(set, p);
			bool uses = false;

			for (uint32_t r = 0; r < policy->actions; r++)
				uses |= policy->action[r].kind == support.kind;
			if (uses) {
				notice_daemon(
					daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
					"policy %.60s: its action %s will be skipped here: %s",
					policy_text(set, policy->name),
					hr_action_kind_name(support.kind), support.reason);
				break; /* one line an action is enough */
			}
		}
	}
}

static void fill_config(const struct daemon *daemon, const char *undo,
			struct enforce_config *ret_config)
{
	*ret_config = (struct enforce_config){.root = daemon->config->root,
					      .memory_root = collect_memory_root(daemon->collector),
					      .v1 = collect_layout(daemon->collector) != CGROUP_V2,
					      .undo_path = undo};
}

int policy_driver_open(struct daemon *daemon, int rules_fd)
{
	struct policy_driver *policy_driver = calloc(1, sizeof(*policy_driver));
	struct engine_callbacks calls = policy_driver_calls(daemon);
	struct enforce_config config;
	char undo[PATH_MAX];
	int err;

	if (!policy_driver) {
		log_error("no memory for the tables of actions");
		return 1;
	}
	/* Touched: when memory is short there may be no page. Places are used from the first on; the others are needed
	 * only if more are in use at once. */
	memset(policy_driver, 0, offsetof(struct policy_driver, action));
	memset(policy_driver->action, 0, TOUCHED * sizeof(*policy_driver->action));
	memset(policy_driver->outcome, 0, TOUCHED * sizeof(*policy_driver->outcome));
	policy_driver->rules.fd = -1;
	daemon->policy_driver = policy_driver;
	snprintf(undo, sizeof(undo), "%s" UNDO_SUFFIX, board_path(daemon->board));
	restore(daemon, undo);
	fill_config(daemon, undo, &config);
	policy_driver->deadline_fd = loop_timer_new();
	err = rules_map(rules_fd, &policy_driver->rules);
	if (!err)
		err = engine_init(&policy_driver->engine, board_capacity(daemon->board), &calls);
	if (!err)
		err = enforce_open(&config, &policy_driver->enforce);
	if (err) {
		log_error("cannot enforce: %s", strerror(-err));
		return 1;
	}
	policy_driver->v1 = config.v1;
	policy_driver->self_memcg_id = own_group(daemon);
	policy_driver_start(daemon);
	publish_support(daemon, &config);
	warn_unsupported(daemon, &config);
	return 0;
}

void policy_driver_close(struct daemon *daemon)
{
	struct policy_driver *policy_driver = daemon->policy_driver;

	if (!policy_driver)
		return;
	host_poll_close(daemon);
	daemon->policy_driver = NULL;
	enforce_close(policy_driver->enforce);
	engine_free(policy_driver->engine);
	rules_done(&policy_driver->rules);
	if (policy_driver->deadline_fd >= 0)
		close(policy_driver->deadline_fd);
	free(policy_driver);
}
