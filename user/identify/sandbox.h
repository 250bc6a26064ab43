/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The rights that the processes keep. All run without root, as a user of their own, without new privileges, with a
 * system-call filter (not in sanitizer builds: their run-time needs more calls). 0 or -errno: on
 * failure the process must not continue.
 */
#ifndef HEADROOM_IDENTIFY_SANDBOX_H
#define HEADROOM_IDENTIFY_SANDBOX_H

/* Where this process is root: finds the user that all processes of this resolver change to (base/own_uid.h). Before the first of the
 * others, and before a fork. 0 or -errno. */
int confine_find_user(void);
/* Reads any file (CAP_DAC_READ_SEARCH) and nothing else; as its own user where it is not root. */
int confine_opener(void);
/* Only the descriptors that it has, memory and the clock. */
int confine_parser(void);
/* The same, and it may start children, which then give that up. */
int confine_map_reader(void);
int confine_map_child(void);

#endif
