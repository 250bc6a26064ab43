/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The parser's loop: questions in, answers out, until one of its two partners goes. */
#ifndef HEADROOM_PARSER_H
#define HEADROOM_PARSER_H

#include "opener_proto.h"

/* guard: SOCK_SEQPACKET of struct resolve_question and struct resolve_answer. opener: see
 * open.h. kmsg: /dev/kmsg, or -1. 0: the guard closed its end. -EPIPE: the opener is gone. Other
 * -errno. */
int parser_run(int daemon, struct opener *opener, int kmsg);

#endif
