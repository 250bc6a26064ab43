/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A TARGET as typed: a container's name (or the name that `ls` shows), an id prefix (four digits or more),
 * pod:NAMESPACE/POD[/CONTAINER], unit:NAME, cgroup:PATH or pid:N. Pure: reads slots and events only; the caller fills `cgroup` for a
 * pid.
 *
 * The best match wins: a name before an id prefix, running before gone, of several gone ones the last. A sandbox matches
 * only where nothing else does.
 */
#ifndef HEADROOM_FORMAT_TARGET_PARSE_H
#define HEADROOM_FORMAT_TARGET_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <headroom/board.h>
#include <headroom/event.h>

#define TARGET_TEXT  1024
#define TARGET_WANTS "a name, an id, pod:NAMESPACE/POD[/CONTAINER], unit:NAME, cgroup:PATH or pid:N"

enum target_by { TARGET_NAME, TARGET_POD, TARGET_UNIT, TARGET_CGROUP, TARGET_PID };

struct target {
	enum target_by by;
	uint32_t pid;
	char text[TARGET_TEXT];   /* without the prefix */
	char cgroup[TARGET_TEXT]; /* TARGET_PID: its cgroup; "": unknown */
};

/* 0, or -EINVAL: not a target. */
int target_parse(const char *typed, struct target *ret_target);

/* 0: no match; 1: by id prefix; 2: by name. */
unsigned int target_fits(const struct target *target, const struct hr_slot *slot);

/* The same for the subject of an event; a cgroup also stands for those below it, a process for the events that name it. */
unsigned int target_fits_event(const struct target *target, const struct hr_event *event);

/* The matches, into found[0 … min(return, most)]; returns how many match equally well. A pod's own cgroup stands for its
 * containers where all matches are in it. */
size_t target_find(const struct target *target, const struct hr_slot *slots, size_t n,
		   const struct hr_slot **found, size_t most);

#endif
