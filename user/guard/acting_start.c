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

#include "acting_state.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "enforce/undo.h"
#include "supervisor.h"

#define TOUCHED 32	/* flights and dossiers that have their pages from the start */

/* What both guard and supervisor left behind when they were killed together. */
static void restore(struct guard *guard, const char *path)
{
	struct undo *undo;
	unsigned int n;

	if (undo_open(path, &undo))
		return;
	n = undo_all(undo);
	undo_close(undo);
	if (n)
		notice_guard(guard, HR_GUARD_RESTORED, HR_WARNING, n,
			     "%u limits and frozen groups that a guard before had set were taken back", n);
}

/* The memory cgroup that we are in: never a target. 0 for the root, which is none anyway, and where on a host without
 * systemd everybody is who is in no container. */
static uint64_t own_group(const struct guard *guard)
{
	char path[PATH_MAX], own[512];
	struct stat st;

	if (guard_own_path(guard->config->root, own, sizeof(own)) || !strcmp(own, "/"))
		return 0;
	snprintf(path, sizeof(path), "%s%s", sense_memory_root(guard->sense), own);
	return stat(path, &st) ? 0 : (uint64_t)st.st_ino;
}



/* Beside the signals' sources: rung → variant. */
static void publish_abilities(struct guard *guard, const struct enforce_config *config)
{
	struct hr_host *host = board_host_begin(guard->board);
	struct enforce_ability ability;
	size_t n = 0;

	while (n < HR_SOURCES && host->source[n].signal[0])
		n++;
	for (unsigned int i = 0; n < HR_SOURCES && !enforce_ability(config, i, &ability); i++, n++) {
		snprintf(host->source[n].signal, sizeof(host->source[n].signal), "rung_%s",
			 hr_rung_word(ability.rung));
		snprintf(host->source[n].variant, sizeof(host->source[n].variant), "%.35s",
			 ability.variant);
	}
	board_host_end(guard->board);
}

/* A rung that a policy counts on and that this host can't take: said now, not at three in the morning. */
static void tell_lacks(struct guard *guard, const struct enforce_config *config)
{
	const struct policy_set *set = guard->acting->rules.set;
	struct enforce_ability ability;

	for (unsigned int i = 0; !enforce_ability(config, i, &ability); i++) {
		if (strcmp(ability.variant, "none"))
			continue;
		for (uint32_t p = 0; p < set->policies; p++) {
			const struct policy *policy = policy_at(set, p);
			bool uses = false;

			for (uint32_t r = 0; r < policy->rungs; r++)
				uses |= policy->rung[r].rung == ability.rung;
			if (uses) {
				notice_guard(guard, HR_GUARD_FALLBACK, HR_WARNING, 0,
					     "policy %.60s: its rung %s will be skipped here: %s",
					     policy_text(set, policy->name), hr_rung_word(ability.rung),
					     ability.why);
				break;	/* one line a rung is enough */
			}
		}
	}
}

static void fill_config(const struct guard *guard, const char *undo, struct enforce_config *ret_config)
{
	*ret_config = (struct enforce_config){
		.root = guard->config->root, .memory_root = sense_memory_root(guard->sense),
		.v1 = sense_layout(guard->sense) != CGROUP_V2, .undo_path = undo};
}

int acting_open(struct guard *guard, int rules_fd)
{
	struct acting *acting = calloc(1, sizeof(*acting));
	struct act_calls calls = acting_calls(guard);
	struct enforce_config config;
	char undo[PATH_MAX];
	int err;

	if (!acting) {
		log_error("no memory for the tables of acting");
		return 1;
	}
	/* Touched: in an emergency there may be no page to be had. Places are taken from the first on; so many at once
	 * are not all needed at the worst moment. */
	memset(acting, 0, offsetof(struct acting, flight));
	memset(acting->flight, 0, TOUCHED * sizeof(*acting->flight));
	memset(acting->dossier, 0, TOUCHED * sizeof(*acting->dossier));
	acting->rules.fd = -1;
	guard->acting = acting;
	snprintf(undo, sizeof(undo), "%s" UNDO_SUFFIX, board_path(guard->board));
	restore(guard, undo);
	fill_config(guard, undo, &config);
	acting->deadline_fd = loop_timer_new();
	err = rules_map(rules_fd, &acting->rules);
	if (!err)
		err = act_init(&acting->act, board_capacity(guard->board), &calls);
	if (!err)
		err = enforce_open(&config, &acting->enforce);
	if (err) {
		log_error("can't act: %s", strerror(-err));
		return 1;
	}
	acting->v1 = config.v1;
	acting->self_memcg_id = own_group(guard);
	acting_start(guard);
	publish_abilities(guard, &config);
	tell_lacks(guard, &config);
	return 0;
}

void acting_close(struct guard *guard)
{
	struct acting *acting = guard->acting;

	if (!acting)
		return;
	host_watch_close(guard);
	guard->acting = NULL;
	enforce_close(acting->enforce);
	act_free(acting->act);
	rules_done(&acting->rules);
	if (acting->deadline_fd >= 0)
		close(acting->deadline_fd);
	free(acting);
}
