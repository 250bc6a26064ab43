// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Parsers for the kernel's "key value" files: see kv_parse.h. The text comes from the kernel but is
 * not trusted: every access is bounded, and a line counts only when it is complete.
 */
#include "kv_parse.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "../../bpf/records.h"

ssize_t fields_read(int fd, char *text, size_t size, bool single)
{
	size_t n = 0;

	while (n < size) {
		ssize_t r = pread(fd, text + n, size - n, (off_t)n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (!r)
			break;
		n += (size_t)r;
		if (single && text[n - 1] == '\n')
			break;
	}
	return (ssize_t)n;
}

/* Decimal digits at *p; on success *p is after them. */
static bool number(const char **p, const char *end, __u64 *ret_value)
{
	const char *s = *p;
	__u64 v = 0;

	for (; s < end && *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10ULL, &v) ||
		    __builtin_add_overflow(v, (__u64)(*s - '0'), &v))
			return false;
	if (s == *p)
		return false;
	*p = s;
	*ret_value = v;
	return true;
}

int fields_number(const char *text, size_t n, __u64 *ret_value)
{
	const char *p = text, *end = text + n;
	__u64 v;

	if (n == 4 && !memcmp(text, "max\n", 4)) {
		*ret_value = RECORD_UNKNOWN;
		return 0;
	}
	if (!number(&p, end, &v) || p + 1 != end || *p != '\n')
		return -EINVAL;
	*ret_value = v;
	return 0;
}

static void store(const struct field *field, void *base, __u64 v)
{
	__u64 *to = (__u64 *)((char *)base + field->offset);

	if ((field->how == FIELD_KIB || field->how == FIELD_ADD_KIB) &&
	    __builtin_mul_overflow(v, 1024ULL, &v))
		v = RECORD_UNKNOWN - 1;
	switch (field->how) {
	case FIELD_SET:
		break;
	case FIELD_ADD:
	case FIELD_ADD_KIB:
		if (*to != RECORD_UNKNOWN && __builtin_add_overflow(v, *to, &v))
			v = RECORD_UNKNOWN - 1;
		break;
	case FIELD_KIB:
		break;
	}
	*to = v;
}

static bool is_key(const struct field *field, const char *key, size_t n)
{
	return field->key[0] == key[0] && strlen(field->key) == n && !memcmp(field->key, key, n);
}

/* One bit of a set for each key: most lines of memory.stat are none that is asked for, and need no search through all. */
#define KEY_BITS 256
struct key_set {
	__u64 bits[KEY_BITS / 64];
};

static unsigned int key_bit(const char *key, size_t n)
{
	return ((unsigned char)key[0] * 5u + (unsigned char)key[n - 1] * 11u +
		(unsigned int)n * 17u) %
	       KEY_BITS;
}

static void key_set_fill(struct key_set *set, const struct field *fields, size_t count)
{
	*set = (struct key_set){};
	for (size_t i = 0; i < count; i++) {
		unsigned int bit = key_bit(fields[i].key, strlen(fields[i].key));

		set->bits[bit / 64] |= 1ULL << (bit % 64);
	}
}

static bool key_set_may_have(const struct key_set *set, const char *key, size_t n)
{
	unsigned int bit = key_bit(key, n);

	return set->bits[bit / 64] >> (bit % 64) & 1;
}

size_t fields_parse(const char *text, size_t n, const struct field *fields, size_t count,
		    void *base)
{
	const char *end = text + n, *eol;
	size_t found = 0, expect = 0;
	struct key_set keys;

	key_set_fill(&keys, fields, count);
	for (const char *line = text;
	     line < end && (eol = memchr(line, '\n', (size_t)(end - line))); line = eol + 1) {
		size_t len = 0, i = expect;
		const char *p;
		__u64 v;

		while (line + len < eol && line[len] != ' ' && line[len] != ':')
			len++;
		if (!len || !key_set_may_have(&keys, line, len))
			continue;
		while (i < count && !is_key(&fields[i], line, len))
			i++;
		if (i == count)
			for (i = 0; i < expect && !is_key(&fields[i], line, len);)
				i++;
		if (i == count || (i == expect && !is_key(&fields[i], line, len)))
			continue;
		for (p = line + len; p < eol && (*p == ' ' || *p == ':');)
			p++;
		if (!number(&p, eol, &v) || (p < eol && *p != ' '))
			continue;
		store(&fields[i], base, v);
		found++;
		expect = i + 1 < count ? i + 1 : 0;
	}
	return found;
}

/* "12.34" → 1234; two decimals, as the kernel writes them. */
static bool centi(const char *p, const char *end, __u32 *ret_centi)
{
	__u64 whole, part;
	const char *dot;

	if (!number(&p, end, &whole) || whole > 100 || p == end || *p != '.')
		return false;
	dot = ++p;
	if (!number(&p, end, &part) || p - dot != 2)
		return false;
	*ret_centi = (__u32)(whole * 100 + part);
	return true;
}

static void pressure_line(const char *line, const char *eol, __u32 *avg10, __u64 *total)
{
	static const char avg_key[] = " avg10=", total_key[] = " total=";
	const char *p = memmem(line, (size_t)(eol - line), avg_key, sizeof(avg_key) - 1);
	__u64 v;

	if (p)
		centi(p + sizeof(avg_key) - 1, eol, avg10);
	p = memmem(line, (size_t)(eol - line), total_key, sizeof(total_key) - 1);
	if (!p)
		return;
	p += sizeof(total_key) - 1;
	if (number(&p, eol, &v) && p == eol)
		*total = v;
}

void fields_pressure(const char *text, size_t n, struct fields_pressure *ret_pressure)
{
	struct fields_pressure psi = {RECORD_UNKNOWN, RECORD_UNKNOWN, ~0U, ~0U};
	const char *end = text + n, *eol;

	for (const char *line = text;
	     line < end && (eol = memchr(line, '\n', (size_t)(end - line))); line = eol + 1) {
		if (eol - line < 5)
			continue;
		if (!memcmp(line, "some ", 5))
			pressure_line(line, eol, &psi.some_avg10_centi, &psi.some_us);
		else if (!memcmp(line, "full ", 5))
			pressure_line(line, eol, &psi.full_avg10_centi, &psi.full_us);
	}
	*ret_pressure = psi;
}
