// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * State files of container engines, read within bounds. Runs in the parser, which has no rights:
 * the worst that a document can cause is to be refused. Never opens a file.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/read_full.h"
#include "state_file.h"

/* Length of the valid UTF-8 sequence at `at`, or 0. Unicode 15, table 3-7. */
static size_t utf8_length(const unsigned char *at, size_t n)
{
	static const struct {
		unsigned char first, last, low, high, length;
	} lead[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lead); i++) {
		if (at[0] < lead[i].first || at[0] > lead[i].last)
			continue;
		if (n < lead[i].length || at[1] < lead[i].low || at[1] > lead[i].high)
			return 0;
		for (size_t k = 2; k < lead[i].length; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return lead[i].length;
	}
	return 0;
}

/* One pass before the library parses it: replaces bytes that are not UTF-8, and measures the
 * nesting, because jansson recurses and its own limit depends on its build; and the number of values, which is what costs time and
 * memory. */
static int state_repair(char *text, size_t n, size_t values)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x80) {
			size_t length = utf8_length((const unsigned char *)text + i, n - i);

			if (!length)
				text[i] = '?';
			else
				i += length - 1;
		} else if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == ',') {
			if (!values--)
				return -EFBIG;
		} else if (c == '[' || c == '{') {
			if (!values--)
				return -EFBIG;
			if (++depth > STATE_MAX_DEPTH)
				return -EBADMSG;
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return 0;
}

int state_parse(char *text, size_t n, size_t most_bytes, json_t **ret_json)
{
	json_t *json;
	int r = state_repair(text, n, most_bytes / STATE_BYTES_EACH);

	if (r < 0)
		return r;
	json = json_loadb(text, n, JSON_ALLOW_NUL, NULL);
	if (!json)
		return -EBADMSG;
	*ret_json = json;
	return 0;
}

static struct state_cached cache[STATE_CACHE];
static uint64_t cache_clock;

static struct state_cached *cache_find(const struct file_stamp *stamp)
{
	for (size_t i = 0; i < STATE_CACHE; i++)
		if (cache[i].used && file_stamp_same(&cache[i].stamp, stamp)) {
			cache[i].used = ++cache_clock;
			return &cache[i];
		}
	return NULL;
}

/* A user drives out its own documents first. */
static void cache_keep(const struct file_stamp *stamp, uid_t uid, json_t *json, int error)
{
	struct state_cached *oldest = &cache[0], *own = NULL;
	int n_own = 0;

	for (size_t i = 0; i < STATE_CACHE; i++) {
		if (cache[i].used < oldest->used)
			oldest = &cache[i];
		if (!cache[i].used || !uid || cache[i].uid != uid)
			continue;
		n_own++;
		if (!own || cache[i].used < own->used)
			own = &cache[i];
	}
	if (n_own >= STATE_CACHE_OWNER)
		oldest = own;
	json_decref(oldest->json);
	*oldest = (struct state_cached){*stamp, uid, json_incref(json), error, ++cache_clock};
}

static bool is_unchanged(int fd, const struct file_stamp *stamp)
{
	struct file_stamp now;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	now = file_stamp_of(&st);
	return file_stamp_same(stamp, &now);
}

static int read_and_parse(int fd, const struct stat *st, size_t most, json_t **ret_json,
			  uint64_t *bytes)
{
	size_t size = (size_t)st->st_size + 4096; /* it may grow while we read */
	_cleanup_free_ char *text = malloc(size);
	ssize_t n;
	int r;

	if (!text)
		return -ENOMEM;
	n = whole_read(fd, text, size);
	if (n < 0)
		return (int)n;
	*bytes += (uint64_t)n;
	if ((size_t)n == size)
		return -EFBIG;
	r = state_parse(text, (size_t)n, most, ret_json);
	if (n > 256 << 10) { /* a large one: return its memory, this process must stay small */
		free(take_ptr(text));
		malloc_trim(0);
	}
	return r;
}

int state_load(int fd, json_t **ret_json, uint64_t *bytes)
{
	const struct state_cached *cached;
	struct file_stamp stamp;
	struct stat st;
	json_t *json = NULL;
	size_t most;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	most = st.st_uid ? STATE_USER_BYTES : STATE_MAX_BYTES;
	if (st.st_size > (off_t)most)
		return -EFBIG;
	stamp = file_stamp_of(&st);
	cached = cache_find(&stamp);
	if (cached) {
		*ret_json = json_incref(cached->json);
		return cached->error;
	}
	r = read_and_parse(fd, &st, most, &json, bytes);
	if (!r || r == -EBADMSG || r == -EFBIG)
		if (!file_stamp_is_fresh(&stamp) && is_unchanged(fd, &stamp))
			cache_keep(&stamp, st.st_uid, json, r);
	*ret_json = json;
	return r;
}

int state_open(struct opener *opener, const struct open_request *request,
	       struct open_answer *ret_answer, json_t **ret_json)
{
	struct open_request watched = *request;
	struct open_answer answer;
	_cleanup_close_ int fd = -1;
	int r;

	if (opener->until_ns && clock_mono_ns() > opener->until_ns)
		return -EAGAIN;
	watched.cgroup_id = opener->watch_id;
	watched.user_only = opener->user_only;
	r = opener_ask(opener, &watched, &answer, &fd);
	if (r < 0)
		return r;
	r = state_load(fd, ret_json, &opener->bytes);
	if (r < 0)
		return r;
	if (ret_answer)
		*ret_answer = answer;
	return 0;
}

const char *state_string(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

void state_texts(const json_t *object, const struct state_text *table, size_t n,
		 struct identity *identity)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = state_string(object, table[i].key);

		if (value[0])
			identity_copy((char *)identity + table[i].offset, table[i].bytes, value,
				      strlen(value));
	}
}
