/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The rights that the two processes keep. Both run without root, without new privileges, with a
 * system-call filter (not in sanitizer builds: their run-time needs more calls). 0 or -errno: on
 * failure the process must not continue.
 */
#ifndef HEADROOM_IDENTIFY_SANDBOX_H
#define HEADROOM_IDENTIFY_SANDBOX_H

/* Reads any file (CAP_DAC_READ_SEARCH) and nothing else; as its own user where it is not root. */
int confine_opener(void);
/* Only the descriptors that it has, memory and the clock. */
int confine_parser(void);
/* Closes every descriptor from 3 on but the n in keep (ascending). */
void confine_descriptors(const int *keep, int n);

#endif
