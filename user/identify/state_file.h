/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * State files: bounded JSON. At most 4 MiB and 64 levels deep (real ones: 100 KiB, 12 levels);
 * bytes that are not UTF-8 become '?' so that one bad label does not hide a whole container. Any
 * other error: -EBADMSG, -EFBIG.
 */
#ifndef HEADROOM_IDENTIFY_STATE_FILE_H
#define HEADROOM_IDENTIFY_STATE_FILE_H

#include <jansson.h>
#include "identity.h"

#define STATE_MAX_BYTES (4u << 20)
#define STATE_MAX_DEPTH 64

static inline void cleanup_jsonp(json_t **json) { json_decref(*json); }
#define _cleanup_json_ __attribute__((cleanup(cleanup_jsonp)))

/* Reads the descriptor to its end and parses it. The caller frees *ret_json. */
int state_load(int fd, json_t **ret_json);
int state_parse(char *text, size_t n, json_t **ret_json); /* changes text in place */

/* Asks the opener for a file and loads it. -ENOENT: there is none. ret_answer may be NULL. */
int state_open(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, json_t **ret_json);

const char *state_string(const json_t *object, const char *key); /* "" where there is none */

/* One key of an object that holds text, and the field of struct identity that it sets. */
struct state_text {
	const char *key;
	size_t offset, bytes;
};
#define IDENTITY_FIELD(field) \
	offsetof(struct identity, field), sizeof(((struct identity *)NULL)->field)
void state_texts(const json_t *object, const struct state_text *table, size_t n,
		 struct identity *identity);

#endif
