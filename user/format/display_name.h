/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a person calls a cgroup, from whatever record tells who it is. All that leaves here is
 * clean UTF-8. */
#ifndef HEADROOM_FORMAT_DISPLAY_NAME_H
#define HEADROOM_FORMAT_DISPLAY_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/reader.h>

/* A record, and how to get at its text. */
struct record_text {
	const void *record;
	const char *(*text)(const void *record, struct hr_str s);
};
struct record_text record_text_slot(const struct hr_slot *slot);
struct record_text record_text_event(const struct hr_event *event);

/* "namespace/pod/container", a name, a unit, a short id, a path: the first that is known. Empty
 * for nobody known. *ret_is_path (may be NULL): it is a path, whose end says more than its
 * beginning. */
void identity_name(const struct record_text *from, const struct hr_identity *id, char *out,
		   size_t bytes, bool *ret_is_path);

/* The same with what it runs in: "leaky (docker, busybox)". `cgroup_id` names who has no name;
 * 0: the host. */
void identity_label(const struct record_text *from, const struct hr_identity *id,
		    uint64_t cgroup_id, char *out, size_t bytes);

/* On a board of many nodes (`headroom export fleet`) a slot tells its node by this label. */
#define HR_LABEL_NODE "headroom.node"
/* "" where there is but one. */
const char *slot_node(const struct hr_slot *slot, char *out, size_t bytes);

#endif
