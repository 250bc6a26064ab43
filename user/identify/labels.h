/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Labels, only those with keys that policies use; the others are not read. KEY=VALUE, one a line; a
 * value's control characters become '?', so that one label cannot look like two. Parser only.
 */
#ifndef HEADROOM_LABELS_H
#define HEADROOM_LABELS_H

#include <jansson.h>
#include "identity.h"

#define LABELS_MOST 32

/* At start: adds a key; the text must stay valid. -E2BIG: too many. */
int labels_want(const char *key);
/* Reads these keys from the string members of an object; may be called for several objects, the
 * first value counts. */
void labels_take(const json_t *object, struct identity *identity);

#endif
