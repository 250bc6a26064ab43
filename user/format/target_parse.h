/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Whom a person means: a container's name (or what `ls` shows as its name), an id's beginning (four
 * digits or more), pod:NAMESPACE/POD[/CONTAINER], unit:NAME, cgroup:PATH or pid:N. Pure: looks at
 * slots only; who knows the cgroup of a pid says so in `cgroup`.
 *
 * Who fits best wins: a name before an id's beginning, running before gone, of the gone the last.
 * Sandboxes are meant only where nothing else is.
 */
#ifndef HEADROOM_FORMAT_TARGET_PARSE_H
#define HEADROOM_FORMAT_TARGET_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <headroom/board.h>

#define TARGET_TEXT  1024
#define TARGET_WANTS "a name, an id, pod:NAMESPACE/POD[/CONTAINER], unit:NAME, cgroup:PATH or pid:N"

enum target_by { TARGET_NAME, TARGET_POD, TARGET_UNIT, TARGET_CGROUP, TARGET_PID };

struct target {
	enum target_by by;
	uint32_t pid;
	char text[TARGET_TEXT];   /* without its prefix */
	char cgroup[TARGET_TEXT]; /* TARGET_PID: where the process is; "" for not known */
};

/* 0, or -EINVAL: nothing that a target can be. */
int target_parse(const char *typed, struct target *ret_target);

/* How well a slot fits: 0 not at all, 1 by its id's beginning, 2 by what it is called. */
unsigned int target_fits(const struct target *target, const struct hr_slot *slot);

/* Who is meant, into found[0 … min(return, most)]; returns how many fit equally well. A pod's own
 * cgroup stands for its containers where all that fit are in it. */
size_t target_find(const struct target *target, const struct hr_slot *slots, size_t n,
		   const struct hr_slot **found, size_t most);

#endif
