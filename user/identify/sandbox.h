/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the two processes may still do. Both end without root, without new privileges, with a
 * system-call filter (not in sanitizer builds, whose run-time needs more calls). 0 or -errno:
 * whoever fails here must not go on.
 */
#ifndef HEADROOM_IDENTIFY_SANDBOX_H
#define HEADROOM_IDENTIFY_SANDBOX_H

/* Reads any file (CAP_DAC_READ_SEARCH) and nothing else; as whoever it is where it is not root. */
int confine_opener(void);
/* Nothing but the descriptors that it has, memory and the clock. */
int confine_parser(void);
/* Closes every descriptor from 3 on but the n in keep (ascending). */
void confine_descriptors(const int *keep, int n);

#endif
