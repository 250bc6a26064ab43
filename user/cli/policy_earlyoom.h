/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* earlyoom: where its options stand (policy_earlyoom_file.c), and what they mean (policy_earlyoom.c). */
#ifndef HEADROOM_POLICY_EARLYOOM_H
#define HEADROOM_POLICY_EARLYOOM_H

#include "shell_words.h"

/* Writes protected names and policies. The first word is the program's name; `line` is where they stand. */
void earlyoom_options(struct import *im, struct import_source *s, size_t line, struct words *words);

#endif
