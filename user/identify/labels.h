/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Labels, only those that a policy asks for by key: everything else that owners hang on their containers stays unread.
 * KEY=VALUE, one a line; a value's control characters become '?', so that one label cannot pose as two. Parser only.
 */
#ifndef HEADROOM_LABELS_H
#define HEADROOM_LABELS_H

#include <jansson.h>
#include "identity.h"

#define LABELS_MOST 32

/* At start: a key that is wanted; the text must stay. -E2BIG: too many. */
int labels_want(const char *key);
/* The wanted ones among the members of an object that are text; keys may come from several objects, the first counts. */
void labels_take(const json_t *object, struct identity *identity);

#endif
