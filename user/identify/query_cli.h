/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For tests and debugging: one question, its answer as JSON. */
#ifndef HEADROOM_IDENTIFY_QUERY_CLI_H
#define HEADROOM_IDENTIFY_QUERY_CLI_H

#include <stdio.h>
#include "identify.h"

/* Asks over the socket and waits at most 30 s. 0 or -errno. */
int ask_once(int socket, const struct resolve_question *question,
	     struct resolve_answer *ret_answer);
void ask_print(const struct resolve_answer *answer, FILE *to);

#endif
