// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What is never a target. Names that root chose alone decide it: one that a user or a container chose (hr_identity.chosen) exempts
 * nothing, and no cgroup around it.
 */
#include "policy_internal.h"

#include <headroom/reader.h>
#include <string.h>

#include "base/cleanup.h"

static bool ends_in_unit(const char *begin, const char *end)
{
	static const char *const suffix[] = {".service", ".scope"};

	for (size_t i = 0; i < ARRAY_SIZE(suffix); i++) {
		size_t n = strlen(suffix[i]);

		if ((size_t)(end - begin) > n && !memcmp(end - n, suffix[i], n))
			return true;
	}
	return false;
}

/* The bytes of a path up to its first service or scope, which chose the names below itself (a user's manager the names of its
 * units); the whole, where there is none. */
static size_t service_bytes(const char *path)
{
	for (const char *at = path + strspn(path, "/"), *end; *at; at = end + (*end != 0)) {
		end = strchrnul(at, '/');
		if (ends_in_unit(at, end))
			return (size_t)(end - path);
	}
	return strlen(path);
}

/* How much of it root chose; as far as the path says, where the resolver has not answered. A path that was cut has lost its
 * beginning. */
static size_t root_bytes(const struct hr_slot *slot, const char *path)
{
	size_t n = strlen(path);

	if (*path != '/')
		return 0;
	if (!slot->id.workload)
		return service_bytes(path);
	return slot->id.chosen & HR_CHOSEN_PATH && slot->id.root_path < n ? slot->id.root_path : n;
}

size_t policy_unit_bytes(const struct hr_slot *slot, const char *path)
{
	size_t n;

	if (slot->id.workload && (!(slot->id.chosen & HR_CHOSEN_PATH) || slot->id.root_path))
		return root_bytes(slot, path);
	/* Not looked at. What is in no service may be a user's. */
	n = *path == '/' ? service_bytes(path) : 0;
	return ends_in_unit(path, path + n) ? n : 0;
}

#define OTHER_NAME "\001" /* of no cgroup */

/* Whether a glob matches by what root chose: the part of a path that a user chose may be anything. */
static bool root_path_matches(const struct policy_set *set, const struct policy_match *selector,
			      const struct hr_slot *slot, const char *path)
{
	char other[HR_SLOT_TEXT + sizeof("/" OTHER_NAME)];
	size_t n = path ? root_bytes(slot, path) : 0;

	if (!n || !path[n])
		return n && selector_any_glob(set, selector, path);
	if (n >= HR_SLOT_TEXT)
		return false;
	memcpy(other, path, n);
	strcpy(other + n, "/" OTHER_NAME);
	return selector_any_glob(set, selector, other);
}

/* As selector_match_one(), for `protect`. */
static bool protects(const struct policy_set *set, const struct policy_match *selector,
		     const struct hr_slot *slot)
{
	uint32_t chosen = selector->key == POLICY_UNIT ? HR_CHOSEN_UNIT : HR_CHOSEN_NAMES;

	if (selector->key == POLICY_CGROUP)
		return root_path_matches(set, selector, slot,
					 selector_key_text(slot, POLICY_CGROUP));
	return !(slot->id.chosen & chosen) && selector_match_one(set, selector, slot);
}

/* Is `path` below `above`? The root is above all. */
static bool below(const char *path, const char *above)
{
	size_t n = strlen(above);

	while (n && above[n - 1] == '/')
		n--;
	return !strncmp(path, above, n) && path[n] == '/' && path[n + 1];
}

/* Units that containers and the host depend on, by the last part of their path: names come later, and can be made up. sshd is
 * one of them: without it an administrator can't log in to correct the policy. */
static enum hr_skip_reason unit_protected(const char *path)
{
	static const struct {
		const char *glob;
		enum hr_skip_reason reason;
	} units[] = {
		{"init.scope", HR_SKIP_INIT},
		{"systemd-*.service", HR_SKIP_RUNTIME},
		{"dbus.service", HR_SKIP_RUNTIME},
		{"dbus-broker.service", HR_SKIP_RUNTIME},
		{"ssh.service", HR_SKIP_RUNTIME},
		{"sshd.service", HR_SKIP_RUNTIME},
		{"docker.service", HR_SKIP_RUNTIME},
		{"docker.socket", HR_SKIP_RUNTIME},
		{"snap.docker.dockerd.service", HR_SKIP_RUNTIME},
		{"containerd.service", HR_SKIP_RUNTIME},
		{"crio.service", HR_SKIP_RUNTIME},
		{"cri-o.service", HR_SKIP_RUNTIME},
		{"cri-docker.service", HR_SKIP_RUNTIME},
		{"podman.service", HR_SKIP_RUNTIME},
		{"kubelet.service", HR_SKIP_RUNTIME},
		{"k3s.service", HR_SKIP_RUNTIME},
		{"k3s-agent.service", HR_SKIP_RUNTIME},
		{"rke2-*.service", HR_SKIP_RUNTIME},
		{"snap.microk8s.*.service", HR_SKIP_RUNTIME},
		{"lxc*.service", HR_SKIP_RUNTIME},
		{"lxd*.service", HR_SKIP_RUNTIME},
		{"incus*.service", HR_SKIP_RUNTIME},
		{"snap.lxd.*.service", HR_SKIP_RUNTIME},
		{"balena*.service", HR_SKIP_RUNTIME},
		{"k0s*.service", HR_SKIP_RUNTIME},
		{"nomad.service", HR_SKIP_RUNTIME},
		{"slurmd.service", HR_SKIP_RUNTIME},
		{"condor.service", HR_SKIP_RUNTIME},
		{"headroom*.service", HR_SKIP_SELF},
	};
	const char *last = strrchr(path, '/');

	last = last ? last + 1 : path;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (selector_glob(units[i].glob, last))
			return units[i].reason;
	return HR_SKIP_NONE;
}

bool policy_unit_protected(const char *unit) { return unit_protected(unit) != HR_SKIP_NONE; }

/* The same of a cgroup with a path that root chose. */
static enum hr_skip_reason path_protected(const struct hr_slot *slot, const char *path)
{
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.container_id.at ||
			       root_bytes(slot, path) != strlen(path) ||
			       service_bytes(path) != strlen(path)
		       ? HR_SKIP_NONE
		       : unit_protected(path);
}

/* A unit of root's in which a process that was seen has a protected name. Not a container, or a user's unit: these choose the names
 * in them. */
static bool holds_protected(const struct policy_set *set, const struct policy_match *selector,
			    const struct hr_slot *slot)
{
	if (selector->key != POLICY_PROCESS || slot->id.container_id.at || slot->id.chosen ||
	    (slot->id.kind != HR_KIND_UNIT && slot->id.kind != HR_KIND_GROUP))
		return false;
	for (size_t i = 0; i < HR_PROCESSES && slot->process[i].pid; i++)
		if (selector_match_name(set, selector, slot->process[i].comm))
			return true;
	return false;
}

static enum hr_skip_reason protect_list(const struct policy_set *set, const struct hr_slot *slot)
{
	for (uint32_t i = 0; set && i < set->protects; i++) {
		const struct policy_match *selector = policy_match_at(set, set->protect_first + i);

		if (protects(set, selector, slot) || holds_protected(set, selector, slot))
			return HR_SKIP_PROTECTED;
	}
	return HR_SKIP_NONE;
}

/* A container that may still turn out to be a sandbox: its state file could not be read, or not yet. */
static bool unidentified(const struct hr_slot *slot)
{
	if (slot->id.kind != HR_KIND_CONTAINER || (slot->id.chosen & HR_CHOSEN_NAMES))
		return false; /* the sandbox of a user's own pod is that user's container */
	return !slot->id.workload || (slot->id.pod_uid.at && !slot->id.container.at);
}

/* Why this cgroup by itself is never a target. */
static enum hr_skip_reason exempt_itself(const struct policy_set *set, const struct hr_slot *slot,
					 const char *path, uint64_t self_memcg_id)
{
	enum hr_skip_reason reason;

	if (!strcmp(path, "/"))
		return HR_SKIP_INIT;
	if (self_memcg_id && slot->cgroup_id == self_memcg_id)
		return HR_SKIP_SELF;
	if (slot->id.kind == HR_KIND_SANDBOX ||
	    (slot->id.kind == HR_KIND_POD && !(slot->id.chosen & HR_CHOSEN_NAMES)))
		return HR_SKIP_SANDBOX;
	reason = path_protected(slot, path);
	if (!reason)
		reason = protect_list(set, slot);
	return !reason && unidentified(slot) ? HR_SKIP_UNKNOWN : reason;
}

bool policy_protects_names(const struct policy_set *set)
{
	for (uint32_t i = 0; set && i < set->protects; i++) {
		uint32_t key = policy_match_at(set, set->protect_first + i)->key;

		if (key != POLICY_CGROUP && key != POLICY_UNIT && key != POLICY_RUNTIME &&
		    key != POLICY_PROCESS)
			return true;
	}
	return false;
}

/* What a cgroup below says for its parent. Names that a user or a container chose say nothing: an empty cgroup with such a name
 * would protect all that is around it. */
static enum hr_skip_reason exempt_for(const struct policy_set *set, const struct hr_slot *at,
				      const char *path, const struct hr_slot *parent, bool literal)
{
	enum hr_skip_reason reason = exempt_itself(set, at, path, 0);
	bool target = at->id.kind == HR_KIND_CONTAINER || at->id.kind == HR_KIND_UNIT;

	if (reason == HR_SKIP_UNKNOWN) /* it may be one of them */
		reason = policy_protects_names(set) ? reason : HR_SKIP_NONE;
	if (parent->id.chosen && !at->id.workload)
		reason = HR_SKIP_NONE; /* not resolved: it is its parent's owner's */
	if (reason)
		return reason;
	if (parent->id.kind == HR_KIND_UNIT && (at->id.chosen || parent->id.chosen))
		return HR_SKIP_NONE;
	if (at->id.kind == HR_KIND_CONTAINER && parent->id.kind == HR_KIND_UNIT)
		return HR_SKIP_RUNTIME;
	/* systemd's slices hold no processes themselves */
	if (parent->id.chosen && parent->flags & HR_SLOT_HAS_TASKS)
		return HR_SKIP_NONE;
	return target && !literal ? HR_SKIP_PROTECTED : HR_SKIP_NONE;
}

/* A kill of a parent kills what is below it: its protection covers the parent. Nested units and containers go with their container.
 * `literal`: the policy names this very path. */
static enum hr_skip_reason exempt_below(const struct policy_set *set,
					const struct policy_snapshot *snapshot,
					const struct hr_slot *slot, const char *path, bool literal)
{
	bool container = slot->id.kind == HR_KIND_CONTAINER || slot->id.container_id.at;

	for (uint32_t i = 0; i < snapshot->slots; i++) {
		const struct hr_slot *at = snapshot->slot(i, snapshot->arg);
		const char *under =
			at && at->state == HR_SLOT_RUNNING ? hr_slot_text(at, at->id.cgroup) : NULL;
		enum hr_skip_reason reason;

		if (!under || !below(under, path))
			continue;
		if (snapshot->self_memcg_id && at->cgroup_id == snapshot->self_memcg_id)
			return HR_SKIP_SELF;
		reason = container ? HR_SKIP_NONE : exempt_for(set, at, under, slot, literal);
		if (reason)
			return reason;
	}
	return HR_SKIP_NONE;
}

static enum hr_skip_reason protect(const struct policy_set *set,
				   const struct policy_snapshot *snapshot, uint32_t index,
				   bool parent, bool literal)
{
	const struct hr_slot *slot = selector_slot(snapshot, index);
	const char *path;
	enum hr_skip_reason reason;

	if (!slot || slot->state != HR_SLOT_RUNNING)
		return HR_SKIP_GONE;
	path = hr_slot_text(slot, slot->id.cgroup);
	if (!path || !*path)
		return HR_SKIP_UNKNOWN;
	reason = exempt_itself(set, slot, path, snapshot->self_memcg_id);
	return reason || !parent ? reason : exempt_below(set, snapshot, slot, path, literal);
}

enum hr_skip_reason policy_exempt(const struct policy_set *set,
				  const struct policy_snapshot *snapshot, uint32_t slot)
{
	return protect(set, snapshot, slot, true, true);
}

static bool names_path(const struct policy_set *set, const struct policy *policy, const char *path)
{
	for (uint32_t i = 0; path && i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);

		for (uint32_t g = 0; selector->key == POLICY_CGROUP && g < selector->n; g++)
			if (!selector_wild(policy_glob(set, selector->first + g)) &&
			    !strcmp(policy_glob(set, selector->first + g), path))
				return true;
	}
	return false;
}

static bool is_literal(const struct policy_set *set, const struct policy *policy,
		       const struct hr_slot *slot, bool parent)
{
	return parent && slot && names_path(set, policy, hr_slot_text(slot, slot->id.cgroup));
}

enum hr_skip_reason selector_exempt(const struct policy_set *set,
				    const struct policy_snapshot *snapshot,
				    const struct policy *policy, uint32_t slot, bool parent)
{
	const struct hr_slot *at = selector_slot(snapshot, slot);

	return protect(set, snapshot, slot, parent, is_literal(set, policy, at, parent));
}

#define ANSWER_NS \
	(500 *    \
	 NS_PER_MS) /* the resolver answers within this time, unless it is stopped or in trouble */

/* The resolver has not answered: the owner's attribute on the cgroup is not known, nor whether it holds many workloads. A leaf is
 * taken as what its path says once the answer is late. */
static bool not_identified(const struct hr_slot *slot, bool many)
{
	return !slot->id.workload && slot->id.kind != HR_KIND_CONTAINER &&
	       (many || slot->sampled_ns - slot->appeared_ns < ANSWER_NS);
}

enum hr_skip_reason selector_allowed(const struct policy_set *set,
				     const struct policy_snapshot *snapshot,
				     const struct policy *policy, uint32_t slot, bool parent)
{
	const struct hr_slot *at = selector_slot(snapshot, slot);
	bool literal = is_literal(set, policy, at, parent);
	enum hr_skip_reason reason = protect(set, snapshot, slot, parent, literal);

	if (!reason && !(at->flags & HR_SLOT_POPULATED))
		return HR_SKIP_GONE;
	return !reason && not_identified(at, parent && !literal) ? HR_SKIP_UNKNOWN : reason;
}

/* In sshd's own unit are the sessions of users as well (where no logind gives them a scope): only sshd itself is exempt. */
static enum hr_skip_reason process_group_unit(const char *comm, bool own,
					      const struct hr_slot *slot, const char *path)
{
	const char *last = strrchr(path, '/');

	if (last && path_protected(slot, path) &&
	    (!strcmp(last, "/ssh.service") || !strcmp(last, "/sshd.service")))
		return own || strncmp(comm, "sshd", 4) ? HR_SKIP_NONE : HR_SKIP_RUNTIME;
	return path_protected(slot, path);
}

bool policy_protects_name(const struct policy_set *set, const char comm[16])
{
	for (uint32_t i = 0; set && i < set->protects; i++) {
		const struct policy_match *selector = policy_match_at(set, set->protect_first + i);

		if (selector->key == POLICY_PROCESS && selector_match_name(set, selector, comm))
			return true;
	}
	return false;
}

enum hr_skip_reason policy_exempt_process(const struct policy_set *set, const char comm[16],
					  bool own, const struct hr_slot *slot)
{
	const char *path = slot ? hr_slot_text(slot, slot->id.cgroup) : NULL;

	if (!own && policy_protects_name(set, comm))
		return HR_SKIP_PROTECTED;
	for (uint32_t i = 0; slot && set && i < set->protects; i++) {
		const struct policy_match *selector = policy_match_at(set, set->protect_first + i);

		if (selector->key != POLICY_PROCESS && protects(set, selector, slot))
			return HR_SKIP_PROTECTED;
	}
	return path ? process_group_unit(comm, own, slot, path) : HR_SKIP_NONE;
}

enum hr_skip_reason policy_exempt_process_group(const struct policy_set *set,
						const struct policy_snapshot *snapshot,
						uint32_t index)
{
	const struct process_group *pgroup =
		index < snapshot->pgroups ? &snapshot->pgroup[index] : NULL;

	if (!pgroup)
		return HR_SKIP_GONE;
	if (pgroup->flags & PGROUP_INIT || pgroup->pid == 1 || pgroup->pgid == 1)
		return HR_SKIP_INIT;
	if (pgroup->flags & PGROUP_SELF ||
	    (snapshot->self_memcg_id && pgroup->memcg_id == snapshot->self_memcg_id))
		return HR_SKIP_SELF;
	if (pgroup->flags & PGROUP_RUNTIME)
		return HR_SKIP_RUNTIME;
	if (pgroup->flags & PGROUP_EXEMPT)
		return HR_SKIP_OWNER;
	return policy_exempt_process(set, pgroup->comm, pgroup->flags & PGROUP_OWN_NAMES,
				     selector_slot_of_cgroup(snapshot, pgroup->memcg_id));
}

enum hr_skip_reason selector_process_group_allowed(const struct policy_set *set,
						   const struct policy_snapshot *snapshot,
						   const struct policy *policy, uint32_t index)
{
	enum hr_skip_reason reason = policy_exempt_process_group(set, snapshot, index);

	/* The whole process group is the target; of one that holds others, a policy on processes takes its largest process alone. */
	if (!reason && (policy->conditions & WHEN(HOST_AVAILABLE)) &&
	    (snapshot->pgroup[index].flags & PGROUP_HOLDS_OTHERS))
		reason = HR_SKIP_PROTECTED;
	return reason;
}
