// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which targets a policy matches, and which are never targets. Globs against what is known of a slot; an unknown text matches
 * nothing, not even "*". What is never a target is decided by the path of the cgroup, which only root can choose, before any
 * name.
 */
#include "policy_internal.h"

#include <fnmatch.h>
#include <headroom/reader.h>
#include <string.h>

#include "base/cleanup.h"

const struct hr_slot *selector_slot(const struct policy_snapshot *snapshot, uint32_t slot)
{
	return slot < snapshot->slots ? snapshot->slot(slot, snapshot->arg) : NULL;
}

static bool is_wild(char c) { return c == '*' || c == '?' || c == '[' || c == '\\'; }

static bool wild(const char *glob)
{
	while (*glob && !is_wild(*glob))
		glob++;
	return *glob;
}

/* fnmatch() costs more than all the rest: the text before the first wildcard is compared first, and a single star needs no
 * fnmatch() at all. */
static bool glob_match(const char *glob, const char *text)
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
		return hr_runtime_name(id->runtime);
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

static bool any_glob(const struct policy_set *set, const struct policy_match *selector,
		     const char *text)
{
	for (uint32_t i = 0; text && i < selector->n; i++)
		if (glob_match(policy_glob(set, selector->first + i), text))
			return true;
	return false;
}

static bool match_one(const struct policy_set *set, const struct policy_match *selector,
		      const struct hr_slot *slot)
{
	char value[LABEL_BYTES];

	if (selector->key == POLICY_LABEL)
		return any_glob(set, selector,
				label_text(slot, policy_text(set, selector->label), value));
	return any_glob(set, selector, key_text(slot, selector->key));
}

static bool has_key(const struct policy_set *set, const struct policy *policy, uint32_t key)
{
	for (uint32_t i = 0; i < policy->matches; i++)
		if (policy_match_at(set, policy->first_match + i)->key == key)
			return true;
	return false;
}

/* A slice, a pod's parent or a bare cgroup needs a policy with `cgroup:`: `name: "*"` is about containers. */
bool selector_match(const struct policy_set *set, const struct policy *policy,
		    const struct hr_slot *slot)
{
	if (policy->host_processes || has_key(set, policy, POLICY_PROCESS))
		return false;
	for (uint32_t i = 0; i < policy->matches; i++)
		if (!match_one(set, policy_match_at(set, policy->first_match + i), slot))
			return false;
	return (slot->id.kind != HR_KIND_GROUP && slot->id.kind != HR_KIND_POD) ||
	       has_key(set, policy, POLICY_CGROUP);
}

/* The largest process represents its group. Without any match only a policy on the host's memory includes process groups. */
bool selector_match_process_group(const struct policy_set *set, const struct policy *policy,
				  const struct process_group *pgroup, const struct hr_slot *slot)
{
	char comm[sizeof(pgroup->comm) + 1] = "";

	if (policy->matches ? !has_key(set, policy, POLICY_PROCESS)
			    : !(policy->conditions & WHEN(HOST_AVAILABLE)))
		return false;
	memcpy(comm, pgroup->comm, sizeof(pgroup->comm));
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);

		if (selector->key == POLICY_PROCESS ? !any_glob(set, selector, comm)
						    : !slot || !match_one(set, selector, slot))
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
		{"headroom*.service", HR_SKIP_SELF},
	};
	const char *last = strrchr(path, '/');

	last = last ? last + 1 : path;
	if (strstr(path, "/user@"))
		return HR_SKIP_NONE; /* users choose the names of their own units */
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (glob_match(units[i].glob, last))
			return units[i].reason;
	return HR_SKIP_NONE;
}

bool policy_unit_protected(const char *unit) { return unit_protected(unit) != HR_SKIP_NONE; }

static enum hr_skip_reason protect_list(const struct policy_set *set, const struct hr_slot *slot)
{
	char value[LABEL_BYTES];

	for (uint32_t i = 0; set && i < set->protects; i++)
		if (match_one(set, policy_match_at(set, set->protect_first + i), slot))
			return HR_SKIP_PROTECTED;
	if (label_text(slot, POLICY_OWNER_LABEL, value) && !strcmp(value, POLICY_OWNER_PROTECT))
		return HR_SKIP_OWNER;
	return HR_SKIP_NONE;
}

/* A container that may still turn out to be a sandbox: its state file could not be read, or not yet. */
static bool unidentified(const struct hr_slot *slot)
{
	if (slot->id.kind != HR_KIND_CONTAINER)
		return false;
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
	if (slot->id.kind == HR_KIND_SANDBOX || slot->id.kind == HR_KIND_POD)
		return HR_SKIP_SANDBOX;
	/* A container may run a systemd of its own, with units of these names. */
	reason = slot->id.kind == HR_KIND_CONTAINER || slot->id.container_id.at
			 ? HR_SKIP_NONE
			 : unit_protected(path);
	if (!reason)
		reason = protect_list(set, slot);
	return !reason && unidentified(slot) ? HR_SKIP_UNKNOWN : reason;
}

/* Does `protect` use keys that are known only once a container is resolved? */
static bool names_protected(const struct policy_set *set)
{
	for (uint32_t i = 0; set && i < set->protects; i++) {
		uint32_t key = policy_match_at(set, set->protect_first + i)->key;

		if (key != POLICY_CGROUP && key != POLICY_UNIT && key != POLICY_RUNTIME &&
		    key != POLICY_PROCESS)
			return true;
	}
	return false;
}

/* A kill of a parent kills what is below it: its protection covers the parent. `literal`: the policy names this very path. */
static enum hr_skip_reason exempt_below(const struct policy_set *set,
					const struct policy_snapshot *snapshot,
					const struct hr_slot *slot, const char *path, bool literal)
{
	bool container = slot->id.kind == HR_KIND_CONTAINER;

	for (uint32_t i = 0; i < snapshot->slots; i++) {
		const struct hr_slot *at = snapshot->slot(i, snapshot->arg);
		const char *under =
			at && at->state == HR_SLOT_RUNNING ? hr_slot_text(at, at->id.cgroup) : NULL;
		enum hr_skip_reason reason;

		if (!under || !below(under, path))
			continue;
		reason = exempt_itself(set, at, under, snapshot->self_memcg_id);
		if (reason == HR_SKIP_PROTECTED || reason == HR_SKIP_OWNER ||
		    reason == HR_SKIP_SELF)
			return reason;
		if (container)
			continue; /* nested units and containers go with their container */
		if (reason == HR_SKIP_UNKNOWN && names_protected(set))
			return reason; /* it may be one of them */
		if (reason && reason != HR_SKIP_UNKNOWN)
			return reason;
		if (at->id.kind == HR_KIND_CONTAINER && slot->id.kind == HR_KIND_UNIT)
			return HR_SKIP_RUNTIME;
		if (!literal && (at->id.kind == HR_KIND_CONTAINER || at->id.kind == HR_KIND_UNIT))
			return HR_SKIP_PROTECTED;
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
			if (!wild(policy_glob(set, selector->first + g)) &&
			    !strcmp(policy_glob(set, selector->first + g), path))
				return true;
	}
	return false;
}

enum hr_skip_reason selector_exempt(const struct policy_set *set,
				    const struct policy_snapshot *snapshot,
				    const struct policy *policy, uint32_t slot, bool parent)
{
	const struct hr_slot *at = selector_slot(snapshot, slot);
	bool literal = parent && at && names_path(set, policy, hr_slot_text(at, at->id.cgroup));

	return protect(set, snapshot, slot, parent, literal);
}

enum hr_skip_reason selector_allowed(const struct policy_set *set,
				     const struct policy_snapshot *snapshot,
				     const struct policy *policy, uint32_t slot, bool parent)
{
	enum hr_skip_reason reason = selector_exempt(set, snapshot, policy, slot, parent);

	if (!reason && !(selector_slot(snapshot, slot)->flags & HR_SLOT_POPULATED))
		return HR_SKIP_GONE;
	return reason;
}

static const struct hr_slot *slot_of_process_group(const struct policy_snapshot *snapshot,
						   const struct process_group *pgroup)
{
	for (uint32_t i = 0; pgroup->memcg_id && i < snapshot->slots; i++) {
		const struct hr_slot *slot = snapshot->slot(i, snapshot->arg);

		if (slot && slot->state == HR_SLOT_RUNNING && slot->cgroup_id == pgroup->memcg_id)
			return slot;
	}
	return NULL;
}

/* In sshd's own unit are the sessions of users as well (where no logind gives them a scope): only sshd itself is exempt. */
static enum hr_skip_reason process_group_unit(const char *comm, const char *path)
{
	const char *last = strrchr(path, '/');

	if (last && (!strcmp(last, "/ssh.service") || !strcmp(last, "/sshd.service")))
		return strncmp(comm, "sshd", 4) ? HR_SKIP_NONE : HR_SKIP_RUNTIME;
	return unit_protected(path);
}

enum hr_skip_reason policy_exempt_process(const struct policy_set *set, const char comm_[16],
					  const struct hr_slot *slot)
{
	const char *path = slot ? hr_slot_text(slot, slot->id.cgroup) : NULL;
	char comm[17] = "";
	enum hr_skip_reason reason = HR_SKIP_NONE;

	memcpy(comm, comm_, 16);
	for (uint32_t i = 0; set && i < set->protects; i++) {
		const struct policy_match *selector = policy_match_at(set, set->protect_first + i);

		if (selector->key == POLICY_PROCESS ? any_glob(set, selector, comm)
						    : slot && match_one(set, selector, slot))
			return HR_SKIP_PROTECTED;
	}
	if (path)
		reason = process_group_unit(comm, path);
	if (!reason && slot)
		reason = protect_list(NULL, slot);
	return reason;
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
	return policy_exempt_process(set, pgroup->comm, slot_of_process_group(snapshot, pgroup));
}

enum hr_skip_reason selector_process_group_allowed(const struct policy_set *set,
						   const struct policy_snapshot *snapshot,
						   const struct policy *policy, uint32_t index)
{
	enum hr_skip_reason reason = policy_exempt_process_group(set, snapshot, index);

	/* A policy on the host's memory targets the whole process group, one on processes its largest process alone. */
	if (!reason && (policy->conditions & WHEN(HOST_AVAILABLE)) &&
	    (snapshot->pgroup[index].flags & PGROUP_HOLDS_OTHERS))
		reason = HR_SKIP_PROTECTED;
	return reason;
}
