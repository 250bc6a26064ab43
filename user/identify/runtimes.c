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
	&runtime_docker, &runtime_crio,  &runtime_podman,     &runtime_nerdctl,    &runtime_lxc,
	&runtime_nspawn, &runtime_slurm, &runtime_kubernetes, &runtime_containerd, &runtime_systemd,
};

/* nspawn and slurmd name the cgroups of their own below their own services (path_of_host() has checked the service). */
static int trusted_parts(const struct path_trust *trust, const struct identity *identity)
{
	return identity->runtime == HR_RUNTIME_NSPAWN || identity->runtime == HR_RUNTIME_SLURM
		       ? trust->owned
		       : trust->chosen;
}

/* A sandbox is never a target: only by a name that root chose. */
static bool match_part(const struct path *path, int i, bool last, const struct path_trust *trust,
		       struct identity *identity)
{
	for (size_t r = 0; r < ARRAY_SIZE(runtimes); r++) {
		*identity = (struct identity){.below = ""};
		if (runtimes[r]->last != last || !runtimes[r]->match(path, i, identity))
			continue;
		if (identity->kind == HR_KIND_SANDBOX && i >= trusted_parts(trust, identity))
			continue;
		identity->owner = i;
		identity->below = path_below(path, i);
		return true;
	}
	return false;
}

static void lower(int *value, int most)
{
	if (*value > most)
		*value = most;
}

/* The opener's answer; without one all directories count as root's. A daemon in a container may see the path from the host's root,
 * and the directories from its own: what is above is not its own to judge. */
static void ask_owner(struct opener *opener, const struct path *path, struct path_trust *trust,
		      uint32_t *ret_uid)
{
	struct open_request request = {.what = OPEN_OWNER, .cgroup_id = opener->watch_id};
	struct open_answer answer;
	int fd;

	*ret_uid = 0;
	if (!opener->watch_id || opener_ask(opener, &request, &answer, &fd) < 0)
		return;
	*ret_uid = answer.owner.uid;
	trust->wish = answer.owner.wish != 0;
	if (answer.owner.parts < (uint32_t)path->parts)
		trust->above = path->parts - (int)answer.owner.parts;
	lower(&trust->owned, trust->above + (int)answer.owner.owned);
	lower(&trust->chosen, trust->above + (int)answer.owner.chosen);
}

/* What the names say by themselves: they tell where containers and services begin, which choose the names below them, also where
 * their directories are root's. The manager of the user that runs the daemon is the daemon's own. */
static void trust_by_names(const struct path *path, uint32_t own_uid, struct path_trust *trust)
{
	struct identity found;

	for (int i = trust->above; i < path->parts && i < trust->owned; i++) {
		const char *part = path->part[i];
		bool service = part_ends(part, ".service") || part_ends(part, ".scope");
		bool manager = !strncmp(part, "user@", 5);
		bool matched = match_part(path, i, false, trust, &found) && !found.probe;

		if (manager && own_uid && part_uid(part) == own_uid)
			continue;
		if (service)
			lower(&trust->chosen, i + 1);
		if (manager || (matched && found.kind == HR_KIND_CONTAINER))
			lower(&trust->owned, i + 1);
		/* On v1 a machine has no cgroup of its own below its unit. */
		if (matched && found.kind == HR_KIND_UNIT && i + 1 < path->parts &&
		    strcmp(path->part[i + 1], "payload") && strcmp(path->part[i + 1], "supervisor"))
			lower(&trust->owned, i + 1);
	}
	lower(&trust->chosen, trust->owned);
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

uint64_t identity_owner(const struct path *path, unsigned int *ret_uid)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	const struct path_trust all = {.owned = path->parts, .chosen = path->parts};
	struct identity found = {.below = ""};
	char user[32];

	*ret_uid = 0;
	for (int i = 0; i < path->parts; i++) {
		unsigned int uid = part_uid(path->part[i]);

		if (uid) {
			snprintf(user, sizeof(user), "%u", uid);
			*ret_uid = uid;
			return fnv1a(fnv1a(0xcbf29ce484222325ULL, "user"), user);
		}
		hash = fnv1a(hash, path->part[i]);
		/* A container or a unit: what is below it was named inside. */
		if (part_ends(path->part[i], ".service") || part_ends(path->part[i], ".scope") ||
		    (match_part(path, i, false, &all, &found) && found.kind == HR_KIND_CONTAINER))
			return hash;
	}
	return hash;
}

/* The names that components above the owner give it: its pod, its user. */
static void look_above(const struct path *path, int owner, struct identity *identity)
{
	for (int i = owner; i >= 0; i--)
		if (!identity->pod_uid[0])
			part_is_pod(path->part[i], i == owner, identity->pod_uid);
	/* Not the users of a container: they are none of the host's. */
	identity_owner(path, &identity->uid);
}

/* Which of its names are not root's. */
static void find_chosen(const struct path *path, const struct path_trust *trust,
			struct identity *identity)
{
	int unit = identity->owner;

	/* Quadlet's container, nspawn's payload: the unit is the part above. */
	if (unit > 0 && !strcmp(identity->unit, path->part[unit - 1]))
		unit--;
	if (identity->owner >= trusted_parts(trust, identity))
		identity->chosen |= HR_CHOSEN_NAMES;
	if (identity->unit[0] && unit >= trust->chosen)
		identity->chosen |= HR_CHOSEN_UNIT;
	if (path->parts > trust->chosen)
		identity->chosen |= HR_CHOSEN_PATH;
	if (trust->wish && (identity->chosen || identity->kind == HR_KIND_CONTAINER))
		identity->chosen |= HR_CHOSEN_WISH;
	if (trust->chosen)
		identity->root_path = (uint16_t)(path_below(path, trust->chosen - 1) - path->whole);
}

static void match_path(const struct path *path, bool with_probes, const struct path_trust *trust,
		       struct identity *identity)
{
	for (int last = 0; last < 2; last++)
		for (int i = path->parts - 1; i >= 0; i--) {
			struct identity found;

			if (!match_part(path, i, last, trust, &found))
				continue;
			if (found.probe && !with_probes)
				continue;
			*identity = found;
			look_above(path, i, identity);
			find_chosen(path, trust, identity);
			return;
		}
	memset(identity, 0, sizeof(*identity));
	identity->below = "";
	identity->owner = path->parts - 1;
	find_chosen(path, trust, identity);
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
	    (part_ends(last, ".service") || part_ends(last, ".scope"))) {
		identity_set(identity->unit, last);
		identity->chosen |= HR_CHOSEN_UNIT;
	}
}

void identity_from_path(const struct path *path, struct identity *ret_identity)
{
	struct path_trust trust = {.owned = path->parts, .chosen = path->parts};

	trust_by_names(path, 0, &trust);
	match_path(path, false, &trust, ret_identity);
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

/* Docker puts its containers where `--cgroup-parent` says, also below a name that others give their supervisors. */
static void look_for_docker(struct opener *opener, struct identity *identity)
{
	struct identity docker = *identity;

	docker.kind = HR_KIND_CONTAINER;
	if (identity->kind == HR_KIND_SANDBOX && part_is_id(identity->container_id) &&
	    runtime_docker.read(opener, &docker) == 0) {
		docker.named = true;
		docker.path_names = false;
		*identity = docker;
	}
}

void identity_resolve(struct opener *opener, const struct path *path, struct identity *ret_identity)
{
	struct path_trust trust = {.owned = path->parts, .chosen = path->parts};
	uint32_t own_uid;

	ask_owner(opener, path, &trust, &own_uid);
	trust_by_names(path, own_uid, &trust);
	match_path(path, true, &trust, ret_identity);
	/* An id that a user or a container chose may be that of another's container: only the user's own engine is asked. */
	opener->user_only = ret_identity->owner >= trust.owned;
	if (ret_identity->kind == HR_KIND_CONTAINER ||
	    (ret_identity->kind == HR_KIND_POD && !opener->user_only))
		ret_identity->named = read_state(opener, ret_identity) == 0;
	else
		look_for_docker(opener, ret_identity);
	if (ret_identity->named && !opener->user_only)
		ret_identity->chosen &=
			~HR_CHOSEN_NAMES; /* root's engine named it, in a delegated service of root */
	if (!ret_identity->named && ret_identity->probe)
		match_path(path, false, &trust, ret_identity);
	if (opener->user_only && ret_identity->kind == HR_KIND_SANDBOX)
		ret_identity->kind = HR_KIND_CONTAINER; /* as its owner calls it */
	if (!ret_identity->named && ret_identity->kind == HR_KIND_CONTAINER && !opener->user_only &&
	    part_is_id(ret_identity->container_id))
		ret_identity->named = log_container(opener, ret_identity) == 0;
	/* A container with its own files out of reach (for example inside another one) has at least
	 * its pod's names. */
	if (!ret_identity->named && ret_identity->pod_uid[0] && !opener->user_only &&
	    ret_identity->kind == HR_KIND_CONTAINER)
		log_pod(opener, ret_identity);
	opener->user_only = false;
	name_it(path, ret_identity);
	name_inner_unit(path, ret_identity);
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

	if (!scheme[identity->kind] || (!identity->named && !identity->path_names)) {
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
