// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Display names of cgroups. Every byte returned is clean UTF-8. */
#include "display_name.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8_clean.h"

#define SHORT_ID 12 /* as docker shortens it */

static const char *string_of_slot(const void *record, struct hr_str s)
{
	return hr_slot_text(record, s);
}

static const char *string_of_event(const void *record, struct hr_str s)
{
	return hr_event_text(record, s);
}

struct record_text record_text_slot(const struct hr_slot *slot)
{
	return (struct record_text){slot, string_of_slot};
}

struct record_text record_text_event(const struct hr_event *event)
{
	return (struct record_text){event, string_of_event};
}

static const char *get(const struct record_text *from, struct hr_str s)
{
	return from->text(from->record, s);
}

/* As much of namespace/pod/container as is known. */
static void name_in_pod(const struct record_text *from, const struct hr_identity *id, char *out,
			size_t bytes)
{
	const struct hr_str part[] = {id->namespace, id->pod, id->container};
	size_t used = 0;

	for (size_t i = 0; i < 3; i++) {
		const char *text = get(from, part[i]);

		if (!text || used + 2 > bytes)
			continue;
		if (used)
			out[used++] = '/';
		text_clean(text, SIZE_MAX, out + used, bytes - used);
		used += strlen(out + used);
	}
}

void identity_name(const struct record_text *from, const struct hr_identity *id, char *out,
		   size_t bytes, bool *ret_is_path)
{
	const struct hr_str by_unit[] = {id->unit, id->name, id->container},
			    by_name[] = {id->name, id->container, id->unit};
	const struct hr_str *order = id->kind == HR_KIND_UNIT ? by_unit : by_name;

	out[0] = 0;
	if (ret_is_path)
		*ret_is_path = false;
	if (get(from, id->pod)) {
		name_in_pod(from, id, out, bytes);
		if (ret_is_path)
			*ret_is_path = true;
	}
	for (size_t i = 0; i < 3 && !out[0]; i++)
		text_clean(get(from, order[i]), SIZE_MAX, out, bytes);
	if (!out[0])
		text_clean(get(from, id->container_id), SHORT_ID, out, bytes);
	if (out[0])
		return;
	text_clean(get(from, id->cgroup), SIZE_MAX, out, bytes);
	if (ret_is_path)
		*ret_is_path = out[0] != 0;
}

bool identity_in_pod(const struct record_text *from, const struct hr_identity *id, char *container,
		     char *pod, size_t bytes)
{
	struct hr_identity only = *id;
	size_t used;

	container[0] = pod[0] = 0;
	text_clean(get(from, id->container), SIZE_MAX, container, bytes);
	if (!container[0] || !get(from, id->pod)) {
		container[0] = 0;
		return false;
	}
	only.container = (struct hr_str){0};
	if (from->text == string_of_slot && *slot_node(from->record, pod, bytes / 2))
		strcat(pod, "/");
	used = strlen(pod);
	name_in_pod(from, &only, pod + used, bytes - used);
	return true;
}

void identity_label(const struct record_text *from, const struct hr_identity *id,
		    uint64_t cgroup_id, char *out, size_t bytes)
{
	const char *runtime = id->runtime == HR_RUNTIME_NONE ? NULL : hr_runtime_name(id->runtime);
	char image[256];
	size_t used;

	identity_name(from, id, out, bytes, NULL);
	if (!out[0] && cgroup_id)
		snprintf(out, bytes, "cgroup %llu", (unsigned long long)cgroup_id);
	else if (!out[0])
		snprintf(out, bytes, "host");
	text_clean(get(from, id->image), SIZE_MAX, image, sizeof(image));
	used = strlen(out);
	if (runtime && id->kind != HR_KIND_UNIT)
		snprintf(out + used, bytes - used, " (%s%s%s)", runtime, image[0] ? ", " : "",
			 image);
}

const char *slot_node(const struct hr_slot *slot, char *out, size_t bytes)
{
	static const char key[] = HR_LABEL_NODE "=";
	const char *labels = hr_slot_text(slot, slot->labels);
	const char *at = labels ? strstr(labels, key) : NULL;

	out[0] = 0;
	if (!at || (at != labels && at[-1] != '\n'))
		return out;
	at += sizeof(key) - 1;
	return text_clean(at, strcspn(at, "\n"), out, bytes);
}
