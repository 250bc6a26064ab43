/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The one place where the daemon decides whether it believes the form of a message of the resolver. The parser reads files that
 * containers wrote, and a container may control it by now: after ANSWER_SOUND the daemon uses every field without a further
 * test, and no field leads outside the message. What a sound message says may still be a lie about the cgroup that was asked
 * about; docs/explanation/identity.md lists what a lie can do.
 *
 * ANSWER_SOUND means:
 *   length    exactly one struct resolve_answer
 *   question  an answer to CGROUP, FIND, PROCESS or MAP has the serial of a question that is out, and this question's ask, tag,
 *             cgroup_id and pid. CHANGED and KMSG_OOM have no question: serial 0; KMSG_OOM has no tag and no cgroup_id, CHANGED
 *             has both, and they are the same
 *   kind      fields that this kind of message does not use are 0 (the comments of struct resolve_answer say which)
 *   numbers   error is 0 or -errno; complete and named 0 or 1; wait_ms at most RESOLVE_WAIT_MOST_MS; runtime, kind and constraint
 *             below their counts, chosen of known bits, root_path within the path; a pid that the kernel can give; oom_score_adj in its range or unknown; sizes below 2^56 or
 *             HR_UNKNOWN
 *   map       at most HR_MAP_REGIONS regions of known kinds, none of them larger than the process; the entries behind them are 0
 *   text      text_used at most RESOLVE_TEXT, and the last byte used is NUL. A string is absent (0), or begins inside the used
 *             part at its first byte or right behind a NUL, and is at least one byte long and at most as long as its field in
 *             the resolver
 *   bytes     paths: begin with '/', no empty component, no "." and ".."; any other byte, since the kernel allows it. The path of
 *             an answer is the path of its question, if that had one. Labels: lines KEY=VALUE, UTF-8 without control
 *             characters. All other text: as text_is_clean() has it. comm: ended by NUL
 *
 * Pure, no clock; caller: the loop.
 */
#ifndef HEADROOM_DAEMON_ANSWER_CHECK_H
#define HEADROOM_DAEMON_ANSWER_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identify/identify.h"

/* Questions that may still be answered: those that are out, and as many that were given up since. */
#define ASKED_KEPT 96

struct asked_question {
	uint64_t serial; /* 0: no question */
	uint64_t tag, cgroup_id;
	uint32_t ask, pid;
	bool given_up; /* asked again by now, or to be */
	char path[RECORD_PATH];
};

struct asked {
	uint64_t last;    /* serial; they rise from one daemon to the next */
	unsigned int out; /* not answered and not given up */
	struct asked_question question[ASKED_KEPT];
};

enum answer_verdict {
	ANSWER_SOUND,
	ANSWER_STALE, /* sound, but nothing waits for it: its question was given up long ago, or a previous daemon's */
	ANSWER_WRONG, /* no resolver of this version sends this */
};

/* `message`: what recv() returned, `bytes` its whole length (MSG_TRUNC). ret_why: set for ANSWER_WRONG, a few words. */
enum answer_verdict answer_check(const struct asked *asked, const void *message, size_t bytes,
				 const char **ret_why);

/* Remembers a question, under the serial that this returns. Gives up the oldest one where there is no room. */
uint64_t asked_add(struct asked *asked, const struct resolve_question *question);
/* Its answer has come. */
void asked_done(struct asked *asked, uint64_t serial);
/* No answer is awaited any more; one that comes all the same is still accepted. */
void asked_give_up(struct asked *asked);

#endif
