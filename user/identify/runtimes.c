// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The list of runtimes, and how a path is held against them: the deepest component that is
 * somebody's owns what lies below it. Never opens anything itself; every state file is a runtime's
 * own affair.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/cleanup.h"
#include "who.h"

/* In this order for each component. containerd takes a bare id, and so comes after those who
 * know more about theirs. */
static const struct runtime *const runtimes[] = {
	&runtime_docker, &runtime_crio,	      &runtime_podman,	   &runtime_nerdctl,
	&runtime_lxc,	 &runtime_kubernetes, &runtime_containerd, &runtime_systemd,
};

static bool match_part(const struct path *path, int i, bool last, struct who *who)
{
	for (size_t r = 0; r < ARRAY_SIZE(runtimes); r++) {
		if (runtimes[r]->last != last || !runtimes[r]->match(path, i, who))
			continue;
		who->below = path_below(path, i);
		return true;
	}
	return false;
}

/* The names that components above the owner give it: its pod, its user. */
static void look_above(const struct path *path, int owner, struct who *who)
{
	for (int i = owner; i >= 0; i--) {
		if (!who->pod_uid[0])
			part_is_pod(path->part[i], i == owner, who->pod_uid);
		if (!who->uid)
			who->uid = part_uid(path->part[i]);
	}
}

static void match_path(const struct path *path, bool with_probes, struct who *who)
{
	for (int last = 0; last < 2; last++)
		for (int i = path->parts - 1; i >= 0; i--) {
			struct who found = {.below = ""};

			if (!match_part(path, i, last, &found))
				continue;
			if (found.probe && !with_probes)
				continue;
			*who = found;
			look_above(path, i, who);
			return;
		}
	memset(who, 0, sizeof(*who));
	who->below = "";
}

/* A name for everybody: what the state files told, else the short id that the engines' own
 * listings show, else the unit, else the path's last component. */
static void name_it(const struct path *path, struct who *who)
{
	if (who->name[0])
		return;
	if (who->kind == HR_KIND_SANDBOX && who->pod[0])
		who_set(who->name, who->pod);
	else if (who->container[0])
		who_set(who->name, who->container);
	else if (who->pod[0])
		who_set(who->name, who->pod);
	else if (who->kind == HR_KIND_CONTAINER && part_is_id(who->container_id))
		who_copy(who->name, sizeof(who->name), who->container_id, 12);
	else if (who->container_id[0] && who->kind == HR_KIND_CONTAINER)
		who_set(who->name, who->container_id);
	else if (path->parts)
		who_set(who->name, path->part[path->parts - 1]);
	else
		who_set(who->name, "/");
}

/* A unit of the systemd that runs inside a container. */
static void name_inner_unit(const struct path *path, struct who *who)
{
	const char *last = path->parts ? path->part[path->parts - 1] : "";

	if (who->below[0] && !who->unit[0] &&
	    (part_ends(last, ".service") || part_ends(last, ".scope")))
		who_set(who->unit, last);
}

void who_from_path(const struct path *path, struct who *ret_who)
{
	match_path(path, false, ret_who);
	name_it(path, ret_who);
	name_inner_unit(path, ret_who);
}

static int read_state(struct opener *opener, struct who *who)
{
	enum hr_runtime matched = who->runtime;
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (runtimes[i]->runtime == matched && runtimes[i]->read)
			r = runtimes[i]->read(opener, who);
	/* Where the path left it open, whoever knows the id owns it. */
	for (size_t i = 0; i < ARRAY_SIZE(runtimes) && r == -ENOENT && who->guess; i++)
		if (runtimes[i]->runtime != matched && runtimes[i]->runtime != HR_RUNTIME_NONE &&
		    runtimes[i]->read)
			r = runtimes[i]->read(opener, who);
	return r;
}

void who_resolve(struct opener *opener, const struct path *path, struct who *ret_who)
{
	match_path(path, true, ret_who);
	if (ret_who->kind == HR_KIND_CONTAINER || ret_who->kind == HR_KIND_POD)
		ret_who->named = read_state(opener, ret_who) == 0;
	if (!ret_who->named && ret_who->probe)
		match_path(path, false, ret_who);
	if (!ret_who->named && ret_who->kind == HR_KIND_CONTAINER &&
	    part_is_id(ret_who->container_id))
		ret_who->named = log_container(opener, ret_who) == 0;
	/* A container whose own files are out of reach (it runs inside another one, say) has at
	 * least its pod's names. */
	if (!ret_who->named && ret_who->pod_uid[0] && ret_who->kind == HR_KIND_CONTAINER)
		log_pod(opener, ret_who);
	name_it(path, ret_who);
	name_inner_unit(path, ret_who);
}

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ ; each string counts with its NUL,
 * as a separator. */
static uint64_t fnv1a(uint64_t hash, const char *text)
{
	do {
		hash ^= (uint8_t)*text;
		hash *= 0x100000001b3ULL;
	} while (*text++);
	return hash;
}

uint64_t who_workload(const struct who *who, const char *path)
{
	static const char *const scheme[HR_KIND_COUNT] = {
		[HR_KIND_CONTAINER] = "container",
		[HR_KIND_POD] = "pod",
		[HR_KIND_SANDBOX] = "sandbox",
	};
	uint64_t hash = 0xcbf29ce484222325ULL;
	char owner[32];

	if (!scheme[who->kind] || (!who->named && who->runtime != HR_RUNTIME_LXC)) {
		hash = fnv1a(fnv1a(hash, "path"), path);
		return hash ? hash : 1;
	}
	hash = fnv1a(hash, scheme[who->kind]);
	if (who->pod[0]) {
		hash = fnv1a(fnv1a(hash, who->namespace), who->pod);
		hash = fnv1a(hash, who->container);
	} else {
		snprintf(owner, sizeof(owner), "%d %u", (int)who->runtime, who->uid);
		hash = fnv1a(fnv1a(hash, owner), who->name);
	}
	hash = fnv1a(hash, who->below);
	return hash ? hash : 1;
}
