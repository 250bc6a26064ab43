/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * State files: bounded JSON. At most 4 MiB, 1 MiB of a user's, one value for each 16 bytes of that (real ones: one for 80), and 64
 * levels deep (real ones: 100 KiB, 12 levels); bytes that are not UTF-8 become '?' so that one bad label does not hide a whole container. Any
 * other error: -EBADMSG, -EFBIG.
 */
#ifndef HEADROOM_IDENTIFY_STATE_FILE_H
#define HEADROOM_IDENTIFY_STATE_FILE_H

#include <jansson.h>
#include "file_stamp.h"
#include "identity.h"

#define STATE_MAX_BYTES  (4u << 20)
#define STATE_USER_BYTES (1u << 20) /* of a file that does not belong to root */
#define STATE_BYTES_EACH 16         /* most_bytes / this: how many values */
#define STATE_MAX_DEPTH  64

static inline void cleanup_jsonp(json_t **json) { json_decref(*json); }
#define _cleanup_json_ __attribute__((cleanup(cleanup_jsonp)))

/* Reads the descriptor to its end and parses it; a file that was read before and has the same inode, size and times comes from a
 * small cache. The caller releases *ret_json. bytes: what was read is added. */
int state_load(int fd, json_t **ret_json, uint64_t *bytes);
/* Changes text in place. */
int state_parse(char *text, size_t n, size_t most_bytes, json_t **ret_json);

/* Asks the opener for a file and loads it. -ENOENT: there is none; -EAGAIN: the question has taken its time. ret_answer may be
 * NULL. */
int state_open(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, json_t **ret_json);

/* Documents that were read last, and what they were refused for. */
#define STATE_CACHE       8
#define STATE_CACHE_OWNER 2 /* of one uid but root's */
struct state_cached {
	struct file_stamp stamp;
	uid_t uid;
	json_t *json; /* NULL: refused with this error */
	int error;
	uint64_t used; /* larger: later; 0: free */
};

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
