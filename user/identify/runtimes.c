// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The list of runtimes, and the match of a path against them: the deepest component that a runtime
 * recognises owns everything below it. Opens nothing itself: each runtime reads its own state
 * files.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "identity.h"

/* In this order for each component. containerd accepts a bare id, and so comes after the more
 * specific ones. */
static const struct runtime *const runtimes[] = {
	&runtime_docker, &runtime_crio,       &runtime_podman,     &runtime_nerdctl,
	&runtime_lxc,    &runtime_kubernetes, &runtime_containerd, &runtime_systemd,
};

static bool match_part(const struct path *path, int i, bool last, struct identity *identity)
{
	for (size_t r = 0; r < ARRAY_SIZE(runtimes); r++) {
		if (runtimes[r]->last != last || !runtimes[r]->match(path, i, identity))
			continue;
		identity->below = path_below(path, i);
		return true;
	}
	return false;
}

/* The names that components above the owner give it: its pod, its user. */
static void look_above(const struct path *path, int owner, struct identity *identity)
{
	for (int i = owner; i >= 0; i--) {
		if (!identity->pod_uid[0])
			part_is_pod(path->part[i], i == owner, identity->pod_uid);
		if (!identity->uid)
			identity->uid = part_uid(path->part[i]);
	}
}

static void match_path(const struct path *path, bool with_probes, struct identity *identity)
{
	for (int last = 0; last < 2; last++)
		for (int i = path->parts - 1; i >= 0; i--) {
			struct identity found = {.below = ""};

			if (!match_part(path, i, last, &found))
				continue;
			if (found.probe && !with_probes)
				continue;
			*identity = found;
			look_above(path, i, identity);
			return;
		}
	memset(identity, 0, sizeof(*identity));
	identity->below = "";
}

/* A display name: from the state files, else the short id that the engines' own listings show, else
 * the unit, else the path's last component. */
static void name_it(const struct path *path, struct identity *identity)
{
	if (identity->name[0])
		return;
	if (identity->kind == HR_KIND_SANDBOX && identity->pod[0])
		identity_set(identity->name, identity->pod);
	else if (identity->container[0])
		identity_set(identity->name, identity->container);
	else if (identity->pod[0])
		identity_set(identity->name, identity->pod);
	else if (identity->kind == HR_KIND_CONTAINER && part_is_id(identity->container_id))
		identity_copy(identity->name, sizeof(identity->name), identity->container_id, 12);
	else if (identity->container_id[0] && identity->kind == HR_KIND_CONTAINER)
		identity_set(identity->name, identity->container_id);
	else if (path->parts)
		identity_set(identity->name, path->part[path->parts - 1]);
	else
		identity_set(identity->name, "/");
}

/* A unit of the systemd that runs inside a container. */
static void name_inner_unit(const struct path *path, struct identity *identity)
{
	const char *last = path->parts ? path->part[path->parts - 1] : "";

	if (identity->below[0] && !identity->unit[0] &&
	    (part_ends(last, ".service") || part_ends(last, ".scope")))
		identity_set(identity->unit, last);
}

void identity_from_path(const struct path *path, struct identity *ret_identity)
{
	match_path(path, false, ret_identity);
	name_it(path, ret_identity);
	name_inner_unit(path, ret_identity);
}

static int read_state(struct opener *opener, struct identity *identity)
{
	enum hr_runtime matched = identity->runtime;
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		if (runtimes[i]->runtime == matched && runtimes[i]->read)
			r = runtimes[i]->read(opener, identity);
	/* Where the path does not decide, the runtime that knows the id owns it. */
	for (size_t i = 0; i < ARRAY_SIZE(runtimes) && r == -ENOENT && identity->guess; i++)
		if (runtimes[i]->runtime != matched && runtimes[i]->runtime != HR_RUNTIME_NONE &&
		    runtimes[i]->read)
			r = runtimes[i]->read(opener, identity);
	return r;
}

void identity_resolve(struct opener *opener, const struct path *path, struct identity *ret_identity)
{
	match_path(path, true, ret_identity);
	if (ret_identity->kind == HR_KIND_CONTAINER || ret_identity->kind == HR_KIND_POD)
		ret_identity->named = read_state(opener, ret_identity) == 0;
	if (!ret_identity->named && ret_identity->probe)
		match_path(path, false, ret_identity);
	if (!ret_identity->named && ret_identity->kind == HR_KIND_CONTAINER &&
	    part_is_id(ret_identity->container_id))
		ret_identity->named = log_container(opener, ret_identity) == 0;
	/* A container with its own files out of reach (for example inside another one) has at least
	 * its pod's names. */
	if (!ret_identity->named && ret_identity->pod_uid[0] &&
	    ret_identity->kind == HR_KIND_CONTAINER)
		log_pod(opener, ret_identity);
	name_it(path, ret_identity);
	name_inner_unit(path, ret_identity);
}

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ ; each string counts with its NUL, as
 * a separator. */
static uint64_t fnv1a(uint64_t hash, const char *text)
{
	do {
		hash ^= (uint8_t)*text;
		hash *= 0x100000001b3ULL;
	} while (*text++);
	return hash;
}

uint64_t identity_workload(const struct identity *identity, const char *path)
{
	static const char *const scheme[HR_KIND_COUNT] = {
		[HR_KIND_CONTAINER] = "container",
		[HR_KIND_POD] = "pod",
		[HR_KIND_SANDBOX] = "sandbox",
	};
	uint64_t hash = 0xcbf29ce484222325ULL;
	char owner[32];

	if (!scheme[identity->kind] || (!identity->named && identity->runtime != HR_RUNTIME_LXC)) {
		hash = fnv1a(fnv1a(hash, "path"), path);
		return hash ? hash : 1;
	}
	hash = fnv1a(hash, scheme[identity->kind]);
	if (identity->pod[0]) {
		hash = fnv1a(fnv1a(hash, identity->namespace), identity->pod);
		hash = fnv1a(hash, identity->container);
	} else {
		snprintf(owner, sizeof(owner), "%d %u", (int)identity->runtime, identity->uid);
		hash = fnv1a(fnv1a(hash, owner), identity->name);
	}
	hash = fnv1a(hash, identity->below);
	return hash ? hash : 1;
}
