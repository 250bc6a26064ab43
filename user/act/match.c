// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Who is meant, and who may never be. Globs against what is known of a slot; what is not known matches nothing, not even
 * "*". What may never be a target is decided by the path of the cgroup, which only root can choose, before any name.
 */
#include "private.h"

#include <fnmatch.h>
#include <headroom/reader.h>
#include <string.h>

#include "base/cleanup.h"

const struct hr_slot *match_slot(const struct act_world *world, uint32_t slot)
{
	return slot < world->slots ? world->slot(slot, world->arg) : NULL;
}

static bool is_wild(char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; }

static bool wild(const char *glob)
{
	while (*glob && !is_wild(*glob))
		glob++;
	return *glob;
}

/* fnmatch() costs more than all the rest: what stands before the first wildcard is compared first, and a single star needs no
 * fnmatch() at all. */
static bool fits(const char *glob, const char *text)
{
	size_t tail, left;

	while (*glob && !is_wild(*glob))
		if (*glob++ != *text++)
			return false;
	if (!*glob)
		return !*text;
	if (*glob != '*' || wild(glob + 1))
		return fnmatch(glob, text, 0) == 0;
	tail = strlen(glob + 1);
	left = strlen(text);
	return left >= tail && !memcmp(text + left - tail, glob + 1, tail);
}

static const char *key_text(const struct hr_slot *slot, uint32_t key)
{
	const struct hr_identity *id = &slot->id;

	switch (key) {
	case POLICY_NAME:
		return hr_slot_text(slot, id->name);
	case POLICY_IMAGE:
		return hr_slot_text(slot, id->image);
	case POLICY_POD:
		return hr_slot_text(slot, id->pod);
	case POLICY_NAMESPACE:
		return hr_slot_text(slot, id->namespace);
	case POLICY_CONTAINER:
		return hr_slot_text(slot, id->container);
	case POLICY_UNIT:
		return hr_slot_text(slot, id->unit);
	case POLICY_CGROUP:
		return hr_slot_text(slot, id->cgroup);
	case POLICY_RUNTIME:
		return hr_runtime_word(id->runtime);
	default:
		return NULL;
	}
}

#define LABEL_BYTES 512 /* of one value; a longer one is compared up to there */

/* KEY=VALUE, one a line. Copies the value; NULL: there is none. */
static const char *label_text(const struct hr_slot *slot, const char *key, char value[LABEL_BYTES])
{
	const char *line = hr_slot_text(slot, slot->labels);
	size_t n = strlen(key), length;

	for (; line && *line; line = *line ? line + 1 : line) {
		const char *end = strchrnul(line, '\n');

		if (!strncmp(line, key, n) && line[n] == '=') {
			length = (size_t)(end - line) - n - 1;
			length = length < LABEL_BYTES ? length : LABEL_BYTES - 1;
			memcpy(value, line + n + 1, length);
			value[length] = 0;
			return value;
		}
		line = end;
	}
	return NULL;
}

static bool any_glob(const struct policy_set *set, const struct policy_match *match,
		     const char *text)
{
	for (uint32_t i = 0; text && i < match->n; i++)
		if (fits(policy_glob(set, match->first + i), text))
			return true;
	return false;
}

static bool match_one(const struct policy_set *set, const struct policy_match *match,
		      const struct hr_slot *slot)
{
	char value[LABEL_BYTES];

	if (match->key == POLICY_LABEL)
		return any_glob(set, match,
				label_text(slot, policy_text(set, match->label), value));
	return any_glob(set, match, key_text(slot, match->key));
}

static bool has_key(const struct policy_set *set, const struct policy *policy, uint32_t key)
{
	for (uint32_t i = 0; i < policy->matches; i++)
		if (policy_match_at(set, policy->first_match + i)->key == key)
			return true;
	return false;
}

/* A slice, a pod's parent, a bare cgroup is meant only by a rule that speaks of cgroups: `name: "*"` is about containers. */
bool match_policy(const struct policy_set *set, const struct policy *policy,
		  const struct hr_slot *slot)
{
	if (policy->outside || has_key(set, policy, POLICY_PROCESS))
		return false;
	for (uint32_t i = 0; i < policy->matches; i++)
		if (!match_one(set, policy_match_at(set, policy->first_match + i), slot))
			return false;
	return (slot->id.kind != HR_KIND_GROUP && slot->id.kind != HR_KIND_POD) ||
	       has_key(set, policy, POLICY_CGROUP);
}

/* The largest process stands for its job. Without any match only a rule on the host's memory means jobs, too. */
bool match_job(const struct policy_set *set, const struct policy *policy, const struct act_job *job,
	       const struct hr_slot *slot)
{
	char comm[sizeof(job->comm) + 1] = "";

	if (policy->matches ? !has_key(set, policy, POLICY_PROCESS)
			    : !(policy->conditions & WHEN_HOST))
		return false;
	memcpy(comm, job->comm, sizeof(job->comm));
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *match = policy_match_at(set, policy->first_match + i);

		if (match->key == POLICY_PROCESS ? !any_glob(set, match, comm)
						 : !slot || !match_one(set, match, slot))
			return false;
	}
	return true;
}

/* Is `path` below `above`? The root is above all. */
static bool below(const char *path, const char *above)
{
	size_t n = strlen(above);

	while (n && above[n - 1] == '/')
		n--;
	return !strncmp(path, above, n) && path[n] == '/' && path[n + 1];
}

/* Units that containers and hosts hang on, by the last part of their path: names come later, and can be made up. sshd is
 * one of them: who locks himself out of a host in trouble can't come back to mend the rule. */
static enum hr_why unit_protected(const char *path)
{
	static const struct {
		const char *glob;
		enum hr_why why;
	} units[] = {
		{"init.scope", HR_WHY_INIT},
		{"systemd-*.service", HR_WHY_RUNTIME},
		{"dbus.service", HR_WHY_RUNTIME},
		{"dbus-broker.service", HR_WHY_RUNTIME},
		{"ssh.service", HR_WHY_RUNTIME},
		{"sshd.service", HR_WHY_RUNTIME},
		{"docker.service", HR_WHY_RUNTIME},
		{"docker.socket", HR_WHY_RUNTIME},
		{"snap.docker.dockerd.service", HR_WHY_RUNTIME},
		{"containerd.service", HR_WHY_RUNTIME},
		{"crio.service", HR_WHY_RUNTIME},
		{"cri-o.service", HR_WHY_RUNTIME},
		{"cri-docker.service", HR_WHY_RUNTIME},
		{"podman.service", HR_WHY_RUNTIME},
		{"kubelet.service", HR_WHY_RUNTIME},
		{"k3s.service", HR_WHY_RUNTIME},
		{"k3s-agent.service", HR_WHY_RUNTIME},
		{"rke2-*.service", HR_WHY_RUNTIME},
		{"snap.microk8s.*.service", HR_WHY_RUNTIME},
		{"lxc*.service", HR_WHY_RUNTIME},
		{"lxd*.service", HR_WHY_RUNTIME},
		{"incus*.service", HR_WHY_RUNTIME},
		{"headroom*.service", HR_WHY_SELF},
	};
	const char *last = strrchr(path, '/');

	last = last ? last + 1 : path;
	if (strstr(path, "/user@"))
		return HR_WHY_NONE; /* what users call their own */
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (fits(units[i].glob, last))
			return units[i].why;
	return HR_WHY_NONE;
}

bool policy_unit_protected(const char *unit)
{
	return unit_protected(unit) != HR_WHY_NONE;
}

static enum hr_why listed(const struct policy_set *set, const struct hr_slot *slot)
{
	char value[LABEL_BYTES];

	for (uint32_t i = 0; set && i < set->protects; i++)
		if (match_one(set, policy_match_at(set, set->protect_first + i), slot))
			return HR_WHY_PROTECTED;
	if (label_text(slot, ACT_OWNER_LABEL, value) && !strcmp(value, ACT_OWNER_PROTECT))
		return HR_WHY_OWNER;
	return HR_WHY_NONE;
}

/* A container that may still turn out to be a sandbox: its state file could not be read, or not yet. */
static bool nameless(const struct hr_slot *slot)
{
	if (slot->id.kind != HR_KIND_CONTAINER)
		return false;
	return !slot->id.workload || (slot->id.pod_uid.at && !slot->id.container.at);
}

/* What this cgroup is by itself. */
static enum hr_why itself(const struct policy_set *set, const struct hr_slot *slot,
			  const char *path, uint64_t self_memcg_id)
{
	enum hr_why why;

	if (!strcmp(path, "/"))
		return HR_WHY_INIT;
	if (self_memcg_id && slot->cgroup_id == self_memcg_id)
		return HR_WHY_SELF;
	if (slot->id.kind == HR_KIND_SANDBOX || slot->id.kind == HR_KIND_POD)
		return HR_WHY_SANDBOX;
	/* A container may run a systemd of its own, with units of these names. */
	why = slot->id.kind == HR_KIND_CONTAINER || slot->id.container_id.at ? HR_WHY_NONE
									     : unit_protected(path);
	if (!why)
		why = listed(set, slot);
	return !why && nameless(slot) ? HR_WHY_UNKNOWN : why;
}

/* Is anybody protected by what only a container's own state tells? */
static bool names_protected(const struct policy_set *set)
{
	for (uint32_t i = 0; set && i < set->protects; i++) {
		uint32_t key = policy_match_at(set, set->protect_first + i)->key;

		if (key != POLICY_CGROUP && key != POLICY_UNIT && key != POLICY_RUNTIME && key != POLICY_PROCESS)
			return true;
	}
	return false;
}

/* Who is killed with it: a parent is as untouchable as what stands below it. `literal`: the rule names this very path. */
static enum hr_why with_it(const struct policy_set *set, const struct act_world *world,
			   const struct hr_slot *slot, const char *path, bool literal)
{
	bool container = slot->id.kind == HR_KIND_CONTAINER;

	for (uint32_t i = 0; i < world->slots; i++) {
		const struct hr_slot *at = world->slot(i, world->arg);
		const char *under =
			at && at->state == HR_SLOT_RUNNING ? hr_slot_text(at, at->id.cgroup) : NULL;
		enum hr_why why;

		if (!under || !below(under, path))
			continue;
		why = itself(set, at, under, world->self_memcg_id);
		if (why == HR_WHY_PROTECTED || why == HR_WHY_OWNER || why == HR_WHY_SELF)
			return why;
		if (container)
			continue; /* what runs inside it is its own affair */
		if (why == HR_WHY_UNKNOWN && names_protected(set))
			return why; /* it may be one of them */
		if (why && why != HR_WHY_UNKNOWN)
			return why;
		if (at->id.kind == HR_KIND_CONTAINER && slot->id.kind == HR_KIND_UNIT)
			return HR_WHY_RUNTIME;
		if (!literal && (at->id.kind == HR_KIND_CONTAINER || at->id.kind == HR_KIND_UNIT))
			return HR_WHY_PROTECTED;
	}
	return HR_WHY_NONE;
}

static enum hr_why protect(const struct policy_set *set, const struct act_world *world,
			   uint32_t index, bool parent, bool literal)
{
	const struct hr_slot *slot = match_slot(world, index);
	const char *path;
	enum hr_why why;

	if (!slot || slot->state != HR_SLOT_RUNNING)
		return HR_WHY_GONE;
	path = hr_slot_text(slot, slot->id.cgroup);
	if (!path || !*path)
		return HR_WHY_UNKNOWN;
	why = itself(set, slot, path, world->self_memcg_id);
	return why || !parent ? why : with_it(set, world, slot, path, literal);
}

enum hr_why act_protected(const struct policy_set *set, const struct act_world *world,
			  uint32_t slot)
{
	return protect(set, world, slot, true, true);
}

static bool names_path(const struct policy_set *set, const struct policy *policy, const char *path)
{
	for (uint32_t i = 0; path && i < policy->matches; i++) {
		const struct policy_match *match = policy_match_at(set, policy->first_match + i);

		for (uint32_t g = 0; match->key == POLICY_CGROUP && g < match->n; g++)
			if (!wild(policy_glob(set, match->first + g)) &&
			    !strcmp(policy_glob(set, match->first + g), path))
				return true;
	}
	return false;
}

enum hr_why match_spared(const struct policy_set *set, const struct act_world *world,
			 const struct policy *policy, uint32_t slot, bool parent)
{
	const struct hr_slot *at = match_slot(world, slot);
	bool literal = parent && at && names_path(set, policy, hr_slot_text(at, at->id.cgroup));

	return protect(set, world, slot, parent, literal);
}

enum hr_why match_allowed(const struct policy_set *set, const struct act_world *world,
			  const struct policy *policy, uint32_t slot, bool parent)
{
	enum hr_why why = match_spared(set, world, policy, slot, parent);

	if (!why && !(match_slot(world, slot)->flags & HR_SLOT_POPULATED))
		return HR_WHY_GONE;
	return why;
}

static const struct hr_slot *slot_of_job(const struct act_world *world, const struct act_job *job)
{
	for (uint32_t i = 0; job->memcg_id && i < world->slots; i++) {
		const struct hr_slot *slot = world->slot(i, world->arg);

		if (slot && slot->state == HR_SLOT_RUNNING && slot->cgroup_id == job->memcg_id)
			return slot;
	}
	return NULL;
}

/* Jobs inside of sshd's own unit are what people run there (where no logind gives them a scope): only the daemon counts. */
static enum hr_why job_unit(const char *comm, const char *path)
{
	const char *last = strrchr(path, '/');

	if (last && (!strcmp(last, "/ssh.service") || !strcmp(last, "/sshd.service")))
		return strncmp(comm, "sshd", 4) ? HR_WHY_NONE : HR_WHY_RUNTIME;
	return unit_protected(path);
}

enum hr_why act_process_protected(const struct policy_set *set, const char comm_[16],
				  const struct hr_slot *slot)
{
	const char *path = slot ? hr_slot_text(slot, slot->id.cgroup) : NULL;
	char comm[17] = "";
	enum hr_why why = HR_WHY_NONE;

	memcpy(comm, comm_, 16);
	for (uint32_t i = 0; set && i < set->protects; i++) {
		const struct policy_match *match = policy_match_at(set, set->protect_first + i);

		if (match->key == POLICY_PROCESS ? any_glob(set, match, comm)
						 : slot && match_one(set, match, slot))
			return HR_WHY_PROTECTED;
	}
	if (path)
		why = job_unit(comm, path);
	if (!why && slot)
		why = listed(NULL, slot);
	return why;
}

enum hr_why act_job_protected(const struct policy_set *set, const struct act_world *world,
			      uint32_t index)
{
	const struct act_job *job = index < world->jobs ? &world->job[index] : NULL;

	if (!job)
		return HR_WHY_GONE;
	if (job->flags & ACT_JOB_INIT || job->pid == 1 || job->pgid == 1)
		return HR_WHY_INIT;
	if (job->flags & ACT_JOB_SELF ||
	    (world->self_memcg_id && job->memcg_id == world->self_memcg_id))
		return HR_WHY_SELF;
	if (job->flags & ACT_JOB_RUNTIME)
		return HR_WHY_RUNTIME;
	if (job->flags & ACT_JOB_EXEMPT)
		return HR_WHY_OWNER;
	return act_process_protected(set, job->comm, slot_of_job(world, job));
}

enum hr_why match_job_allowed(const struct policy_set *set, const struct act_world *world,
			      const struct policy *policy, uint32_t index)
{
	enum hr_why why = act_job_protected(set, world, index);

	/* A rule on the host's memory means the whole job, one on processes its largest alone. */
	if (!why && (policy->conditions & WHEN_HOST) && (world->job[index].flags & ACT_JOB_HOLDS))
		why = HR_WHY_PROTECTED;
	return why;
}
