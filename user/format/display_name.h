/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Display names of cgroups, from a slot or an event. Clean UTF-8. */
#ifndef HEADROOM_FORMAT_DISPLAY_NAME_H
#define HEADROOM_FORMAT_DISPLAY_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <headroom/reader.h>

/* A record and the accessor of its strings. */
struct record_text {
	const void *record;
	const char *(*text)(const void *record, struct hr_str s);
};
struct record_text record_text_slot(const struct hr_slot *slot);
struct record_text record_text_event(const struct hr_event *event);

/* "namespace/pod/container", a name, a unit, a short id, a path: the first that is known. Empty
 * where none is known. *ret_is_path (may be NULL): it is a path; cut it at its beginning. */
void identity_name(const struct record_text *from, const struct hr_identity *id, char *out,
		   size_t bytes, bool *ret_is_path);

/* Inside a pod the container's own name, and "namespace/pod", of a slot on a board of many nodes "node/namespace/pod"; else both are empty. Returns whether there are. */
bool identity_in_pod(const struct record_text *from, const struct hr_identity *id, char *container,
		     char *pod, size_t bytes);

/* The same with runtime and image: "leaky (docker, busybox)". Without a name "cgroup ID"; `cgroup_id` 0: "host". */
void identity_label(const struct record_text *from, const struct hr_identity *id,
		    uint64_t cgroup_id, char *out, size_t bytes);

/* On a board of many nodes (`headroom export fleet`) this label holds the slot's node. */
#define HR_LABEL_NODE "headroom.node"
/* "" on a board of one node. */
const char *slot_node(const struct hr_slot *slot, char *out, size_t bytes);

#endif
