// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Acting, before and after the loop: what a guard before us left set is taken back, enforce and its workers are started, the
 * abilities of this host go to the board, tables are touched. May block and allocate.
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

#define TOUCHED 32 /* flights and dossiers that have their pages from the start */

/* What both guard and supervisor left behind when they were killed together. */
static void restore(struct daemon *daemon, const char *path)
{
	struct undo *undo;
	unsigned int n;

	if (undo_open(path, &undo))
		return;
	n = undo_all(undo);
	undo_close(undo);
	if (n)
		notice_daemon(
			daemon, HR_DAEMON_RESTORED, HR_WARNING, n,
			"%u limits and frozen groups that a guard before had set were taken back",
			n);
}

/* The memory cgroup that we are in: never a target. 0 for the root, which is none anyway, and where on a host without
 * systemd everybody is who is in no container. */
static uint64_t own_group(const struct daemon *daemon)
{
	char path[PATH_MAX], own[512];
	struct stat st;

	if (daemon_own_path(daemon->config->root, own, sizeof(own)) || !strcmp(own, "/"))
		return 0;
	snprintf(path, sizeof(path), "%s%s", collect_memory_root(daemon->collector), own);
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}

/* Beside the signals' sources: rung → variant. */
static void publish_abilities(struct daemon *daemon, const struct enforce_config *config)
{
	struct hr_host *host = board_host_begin(daemon->board);
	struct enforce_support ability;
	size_t n = 0;

	while (n < HR_SOURCES && host->source[n].signal[0])
		n++;
	for (unsigned int i = 0; n < HR_SOURCES && !enforce_support(config, i, &ability);
	     i++, n++) {
		snprintf(host->source[n].signal, sizeof(host->source[n].signal), "rung_%s",
			 hr_action_kind_name(ability.kind));
		snprintf(host->source[n].variant, sizeof(host->source[n].variant), "%.35s",
			 ability.variant);
	}
	board_host_end(daemon->board);
}

/* A rung that a policy counts on and that this host can't take: said now, not at three in the morning. */
static void describe_lacks(struct daemon *daemon, const struct enforce_config *config)
{
	const struct policy_set *set = daemon->policy_driver->rules.set;
	struct enforce_support ability;

	for (unsigned int i = 0; !enforce_support(config, i, &ability); i++) {
		if (strcmp(ability.variant, "none"))
			continue;
		for (uint32_t p = 0; p < set->policies; p++) {
			const struct policy *policy = policy_at(set, p);
			bool uses = false;

			for (uint32_t r = 0; r < policy->actions; r++)
				uses |= policy->action[r].kind == ability.kind;
			if (uses) {
				notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
					      "policy %.60s: its rung %s will be skipped here: %s",
					      policy_text(set, policy->name),
					      hr_action_kind_name(ability.kind), ability.reason);
				break; /* one line a rung is enough */
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
		log_error("no memory for the tables of acting");
		return 1;
	}
	/* Touched: in an emergency there may be no page to be had. Places are taken from the first on; so many at once
	 * are not all needed at the worst moment. */
	memset(policy_driver, 0, offsetof(struct policy_driver, inflight));
	memset(policy_driver->inflight, 0, TOUCHED * sizeof(*policy_driver->inflight));
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
		log_error("can't act: %s", strerror(-err));
		return 1;
	}
	policy_driver->v1 = config.v1;
	policy_driver->self_memcg_id = own_group(daemon);
	policy_driver_start(daemon);
	publish_abilities(daemon, &config);
	describe_lacks(daemon, &config);
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
