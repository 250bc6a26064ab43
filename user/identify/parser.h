/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The parser's loop: questions in, answers out, until one of the other two processes ends. */
#ifndef HEADROOM_PARSER_H
#define HEADROOM_PARSER_H

#include "opener_proto.h"

/* daemon: SOCK_SEQPACKET of struct resolve_question and struct resolve_answer. opener: see
 * opener_proto.h. kmsg: /dev/kmsg, or -1. lane: the same socket to a second pair, which gets the questions that read what users
 * own; -1: there is none, or this is it. maps: the same to the map reader; -1: none. 0: the daemon closed its end. -EPIPE: the
 * opener, the lane or the map reader is gone. Other -errno. */
int parser_run(int daemon, struct opener *opener, int kmsg, int lane, int maps);

#endif
