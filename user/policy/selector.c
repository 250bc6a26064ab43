// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Which targets a policy matches: globs against what is known of a slot; an unknown text matches nothing, not even "*".
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

bool selector_wild(const char *glob)
{
	while (*glob && !is_wild(*glob))
		glob++;
	return *glob;
}

/* fnmatch() costs more than all the rest: the text before the first wildcard is compared first, and a single star needs no
 * fnmatch() at all. */
bool selector_glob(const char *glob, const char *text)
{
	size_t tail, left;

	while (*glob && !is_wild(*glob))
		if (*glob++ != *text++)
			return false;
	if (!*glob)
		return !*text;
	if (*glob != '*' || selector_wild(glob + 1))
		return fnmatch(glob, text, 0) == 0;
	tail = strlen(glob + 1);
	left = strlen(text);
	return left >= tail && !memcmp(text + left - tail, glob + 1, tail);
}

const char *selector_key_text(const struct hr_slot *slot, uint32_t key)
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

bool selector_any_glob(const struct policy_set *set, const struct policy_match *selector,
		       const char *text)
{
	for (uint32_t i = 0; text && i < selector->n; i++)
		if (selector_glob(policy_glob(set, selector->first + i), text))
			return true;
	return false;
}

bool selector_match_one(const struct policy_set *set, const struct policy_match *selector,
			const struct hr_slot *slot)
{
	char value[LABEL_BYTES];

	if (selector->key == POLICY_LABEL)
		return selector_any_glob(
			set, selector, label_text(slot, policy_text(set, selector->label), value));
	return selector_any_glob(set, selector, selector_key_text(slot, selector->key));
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
		if (!selector_match_one(set, policy_match_at(set, policy->first_match + i), slot))
			return false;
	return (slot->id.kind != HR_KIND_GROUP && slot->id.kind != HR_KIND_POD) ||
	       has_key(set, policy, POLICY_CGROUP);
}

const struct hr_slot *selector_slot_of_cgroup(const struct policy_snapshot *snapshot,
					      uint64_t memcg_id)
{
	for (uint32_t i = 0; memcg_id && i < snapshot->slots; i++) {
		const struct hr_slot *slot = snapshot->slot(i, snapshot->arg);

		if (slot && slot->state == HR_SLOT_RUNNING && slot->cgroup_id == memcg_id)
			return slot;
	}
	return NULL;
}

bool selector_match_name(const struct policy_set *set, const struct policy_match *selector,
			 const char name_[16])
{
	char name[17] = "";

	memcpy(name, name_, 16);
	return selector_any_glob(set, selector, name);
}

/* Bytes of the names that it means. */
static uint64_t keep_names(const struct policy_set *set, const struct policy_match *selector,
			   const struct process_group *pgroup, struct process_members *members)
{
	uint64_t bytes = 0;

	members->n_names = 0;
	for (uint32_t i = 0; i < pgroup->n_names; i++) {
		if (!selector_match_name(set, selector, pgroup->name[i]))
			continue;
		memcpy(members->name[members->n_names++], pgroup->name[i], 16);
		bytes += pgroup->name_rss[i];
	}
	return bytes;
}

static bool match_cgroup(const struct policy_set *set, const struct policy *policy,
			 const struct hr_slot *slot)
{
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);

		if (selector->key != POLICY_PROCESS &&
		    (!slot || !selector_match_one(set, selector, slot)))
			return false;
	}
	return true;
}

static uint64_t keep_cgroups(const struct policy_set *set, const struct policy *policy,
			     const struct policy_snapshot *snapshot,
			     const struct process_group *pgroup, struct process_members *members)
{
	uint64_t bytes = 0;

	members->n_cgroups = 0;
	for (uint32_t i = 0; i < pgroup->n_in; i++) {
		if (!match_cgroup(set, policy, selector_slot_of_cgroup(snapshot, pgroup->in[i])))
			continue;
		members->cgroup[members->n_cgroups++] = pgroup->in[i];
		bytes += pgroup->in_rss[i];
	}
	return bytes;
}

uint64_t selector_members(const struct policy_set *set, const struct policy *policy,
			  const struct policy_snapshot *snapshot,
			  const struct process_group *pgroup, struct process_members *ret_members)
{
	uint64_t bytes = pgroup->rss, part;

	*ret_members = pgroup->members;
	if (pgroup->members.of == PROCESSES_OF_GROUP)
		return bytes;
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);

		part = selector->key == POLICY_PROCESS
			       ? keep_names(set, selector, pgroup, ret_members)
			       : keep_cgroups(set, policy, snapshot, pgroup, ret_members);
		bytes = part < bytes ? part : bytes;
	}
	return bytes;
}

/* The largest process represents its process group. Without any match only a policy on the host's memory includes process groups;
 * what is more than one process group concerns no other policy. */
bool selector_match_process_group(const struct policy_set *set, const struct policy *policy,
				  const struct policy_snapshot *snapshot,
				  const struct process_group *pgroup, const struct hr_slot *slot)
{
	bool one = pgroup->members.of == PROCESSES_OF_GROUP;
	struct process_members members;

	if (policy->matches && !has_key(set, policy, POLICY_PROCESS))
		return false;
	if ((!policy->matches || !one) && !(policy->conditions & WHEN(HOST_AVAILABLE)))
		return false;
	if (!one)
		return selector_members(set, policy, snapshot, pgroup, &members) != 0;
	for (uint32_t i = 0; i < policy->matches; i++) {
		const struct policy_match *selector = policy_match_at(set, policy->first_match + i);

		if (!(selector->key == POLICY_PROCESS
			      ? selector_match_name(set, selector, pgroup->comm)
			      : slot && selector_match_one(set, selector, slot)))
			return false;
	}
	return true;
}
