/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Question in, answer out. Parser only. Bounded: a fixed number of files, each of bounded size. */
#ifndef HEADROOM_IDENTIFY_ANSWER_H
#define HEADROOM_IDENTIFY_ANSWER_H

#include "identify.h"
#include "kmsg.h"
#include "opener_proto.h"

/* How often to retry a container without its state files; after that the path is the only source.
 * */
#define RESOLVE_AGAIN_MAX 6

/* Finds the path of the cgroup, if the question has none. 0 or -errno. */
int resolve_path(struct opener *opener, struct resolve_question *question);
/* From the path alone: its owner has to wait. Opens nothing. */
void resolve_answer_later(const struct resolve_question *question, uint32_t wait_ms,
			  struct resolve_answer *ret_answer);
void resolve_answer_question(struct opener *opener, const struct resolve_question *question,
			     struct resolve_answer *ret_answer);
/* RESOLVE_KMSG_OOM, without a question. */
void resolve_answer_kmsg(struct opener *opener, const struct kmsg_oom *oom,
			 struct resolve_answer *ret_answer);

/* An answer without content. */
void resolve_answer_begin(const struct resolve_question *question,
			  struct resolve_answer *ret_answer);
/* Adds a name, made printable. */
struct hr_str resolve_name(struct resolve_answer *answer, const char *text);

/* Adds text to the answer; stores equal texts once, and cuts what does not fit. */
struct hr_str resolve_text(struct resolve_answer *answer, const char *text);

/* Field 22 of /proc/PID/stat, in clock ticks since boot; -EBADMSG. */
int process_start_ticks(const char *stat, uint64_t *ret_ticks);

#endif
