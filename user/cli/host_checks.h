/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What this host offers, found by looking and trying: one finding per question, in words. Never
 * prints, changes nothing. The attach plan is not here: it takes the sensing room
 * (cmd_check.c). */
#ifndef HEADROOM_CLI_HOST_CHECKS_H
#define HEADROOM_CLI_HOST_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

enum verdict {
	FINDING_OK,
	FINDING_NOTE,    /* works, with what the note says */
	FINDING_MISSING, /* something that the note names does without it */
	FINDING_FATAL    /* the guard can't do its work at all */
};

struct finding {
	const char *check; /* a word; JSON's, too */
	enum verdict verdict;
	char value[160];
	char note[240]; /* what that costs, or what to do; "" */
};

#define FINDINGS_MOST 32

struct hr_score;

/* `root` is where the host's /proc and /sys stand; "" for here. Returns how many of `findings`
 * were filled. */
size_t host_checks_run(const char *root, struct finding findings[FINDINGS_MOST]);
/* What the guard's forecasts were worth so far, and a note where that is less than it should be. */
void finding_of_score(const struct hr_score *score, struct finding *ret_finding);
const char *verdict_word(enum verdict verdict); /* ok, note, missing, fatal */

#endif
