/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Checks of this host: one finding each, in words. Prints and changes nothing. The attach plan needs collect: cmd_check.c. */
#ifndef HEADROOM_CLI_HOST_CHECKS_H
#define HEADROOM_CLI_HOST_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

enum verdict {
	FINDING_OK,
	FINDING_NOTE,    /* works, see the note */
	FINDING_MISSING, /* missing, see the note */
	FINDING_FATAL    /* the daemon cannot run */
};

struct finding {
	const char *check; /* one word; also in JSON */
	enum verdict verdict;
	char value[160];
	char note[240]; /* consequence, or what to do; "" */
};

#define FINDINGS_MOST 32

struct hr_score;

/* `root`: where the host's /proc and /sys are mounted; "" for /. Returns how many of `findings` were filled. */
size_t host_checks_run(const char *root, struct finding findings[FINDINGS_MOST]);
/* Accuracy of the forecasts so far; a note where it is below target. */
void finding_of_score(const struct hr_score *score, struct finding *ret_finding);
const char *verdict_word(enum verdict verdict); /* ok, note, missing, fatal */

#endif
