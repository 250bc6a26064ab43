// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Policy and enforcement before and after the loop: restores what the previous daemon left set, starts enforce and its workers,
 * publishes what this host supports, touches the tables. May block and allocate.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <headroom/reader.h>

#include "policy_driver.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "enforce/rollback.h"
#include "degraded.h"
#include "events.h"
#include "policy_driver_state.h"
#include "self_cgroup.h"

#define TOUCHED 32 /* actions and outcomes that have their pages from the start */

/* What daemon and supervisor left set when both were killed together. */
static void restore(struct board *board, const char *path)
{
	struct undo *undo;
	unsigned int n;

	if (undo_open(path, &undo))
		return;
	n = undo_all(undo);
	undo_close(undo);
	if (n)
		events_daemon(
			board, HR_DAEMON_RESTORED, HR_WARNING, n,
			"restored %u limits and frozen cgroups that the previous daemon had set",
			n);
}

/* The daemon's own memory cgroup: never a target. 0 for the root, which is no target anyway, and which on a host without systemd holds
 * all processes outside containers. */
static uint64_t own_group(const struct policy_driver_setup *setup)
{
	char path[PATH_MAX], own[512];
	struct stat st;

	if (self_cgroup_path(setup->config->root, own, sizeof(own)) || !strcmp(own, "/"))
		return 0;
	snprintf(path, sizeof(path), "%s%s", collect_memory_root(setup->collector), own);
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

/* Beside the signals' sources: action → variant. */
static void publish_support(struct board *board, const struct enforce_config *config)
{
	struct hr_host *host = board_host_begin(board);
	struct enforce_support support;
	size_t n = 0;

	while (n < HR_SOURCES && host->source[n].signal[0])
		n++;
	for (unsigned int i = 0; n < HR_SOURCES && !enforce_support(config, i, &support);
	     i++, n++) {
		snprintf(host->source[n].signal, sizeof(host->source[n].signal), "action_%s",
			 hr_action_kind_name(support.kind));
		snprintf(host->source[n].variant, sizeof(host->source[n].variant), "%.35s",
			 support.variant);
	}
	board_host_end(board);
}

/* Warns of actions that policies use and this host does not support, at start and not when they are due. */
static void warn_unsupported(struct board *board, const struct policy_set *set,
			     const struct enforce_config *config)
{
	struct enforce_support support;
	char what[32];

	for (unsigned int i = 0; !enforce_support(config, i, &support); i++) {
		bool lesser = !strcmp(support.variant, "signals"); /* no cgroup can be written */

		if (strcmp(support.variant, "none") && !lesser)
			continue;
		for (uint32_t p = 0; p < set->policies; p++) {
			const struct policy *policy = policy_at(set, p);
			bool uses = false;

			for (uint32_t r = 0; r < policy->actions; r++)
				uses |= policy->action[r].kind == support.kind;
			if (uses) {
				snprintf(what, sizeof(what), "action_%s",
					 hr_action_kind_name(support.kind));
				degraded_set(board, what, HR_WARNING,
					     "policy %.60s: its action %s %s: %s",
					     policy_text(set, policy->name),
					     hr_action_kind_name(support.kind),
					     lesser ? "only sends signals" : "will be skipped here",
					     support.reason);
				break; /* one line an action is enough */
			}
		}
	}
}

int policy_driver_open(const struct policy_driver_setup *setup, struct policy_driver **ret_driver)
{
	struct policy_driver *driver = calloc(1, sizeof(*driver));
	struct board *board = setup->containers->board;
	struct enforce_config config = {.root = setup->config->root,
					.memory_root = collect_memory_root(setup->collector),
					.v1 = collect_layout(setup->collector) != CGROUP_V2};
	struct engine_callbacks callbacks = policy_driver_callbacks(driver);
	char undo[PATH_MAX];
	int err;

	if (!driver) {
		log_error("no memory for the tables of actions");
		return 1;
	}
	/* Touched: when memory is short there may be no page. Places are used from the first on; the others are needed
	 * only if more are in use at once. */
	memset(driver, 0, offsetof(struct policy_driver, actions));
	memset(driver->actions.action, 0, TOUCHED * sizeof(*driver->actions.action));
	memset(driver->actions.outcomes.outcome, 0,
	       TOUCHED * sizeof(*driver->actions.outcomes.outcome));
	driver->rules.fd = -1;
	*ret_driver = driver;
	snprintf(undo, sizeof(undo), "%s" UNDO_SUFFIX, board_path(board));
	restore(board, undo);
	config.undo_path = undo;
	driver->deadline_fd = loop_timer_new();
	err = rules_map(setup->rules_fd, &driver->rules);
	if (!err)
		err = engine_init(&driver->engine, board_capacity(board), &callbacks);
	if (!err)
		err = enforce_open(&config, &driver->enforce);
	if (err) {
		log_error("cannot enforce: %s", strerror(-err));
		return 1;
	}
	policy_driver_connect(driver, setup);
	driver->world.self_memcg_id = own_group(setup);
	exclusive_open(&driver->exclusive, board, setup->config,
		       (enum policy_mode)driver->rules.set->mode);
	pause_open(&driver->pause, board);
	policy_driver_start(driver, setup->resolver_pid);
	publish_support(board, &config);
	warn_unsupported(board, driver->rules.set, &config);
	return 0;
}

void policy_driver_close(struct policy_driver *driver)
{
	if (!driver)
		return;
	enforce_close(driver->enforce);
	engine_free(driver->engine);
	exclusive_close(&driver->exclusive);
	rules_done(&driver->rules);
	if (driver->deadline_fd >= 0)
		close(driver->deadline_fd);
	free(driver);
}
