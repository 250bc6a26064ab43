/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The rights of the running processes of headroom, as /proc/PID/status has them (proc(5)). */
#ifndef HEADROOM_CLI_PROCESS_RIGHTS_H
#define HEADROOM_CLI_PROCESS_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCESS_RIGHTS_MOST 32

struct process_rights {
	uint32_t pid, uid;
	char comm[16];
	uint64_t permitted, bounding; /* bit n: capability n */
	bool filter, no_new_privs;    /* of the main thread */
};

/* Every process with the name of one of ours, but the caller; any user may call its own so: that is why each has its uid.
 * `proc`: "/proc". Returns how many. */
size_t process_rights_find(const char *proc, struct process_rights found[PROCESS_RIGHTS_MOST]);
/* "bpf kill …"; "none"; the number of them where they are many. */
const char *process_rights_words(uint64_t capabilities, char *text, size_t bytes);

#endif
