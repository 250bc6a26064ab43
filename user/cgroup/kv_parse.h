/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Numbers in the kernel's small text files: "KEY VALUE" lines, single values, PSI. Pure but for
 * fields_read(); allocates nothing. Garbage, a line without its newline, or a number too large for
 * 64 bits leaves its field unchanged.
 */
#ifndef HEADROOM_KV_PARSE_H
#define HEADROOM_KV_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <sys/types.h>

enum field_how {
	FIELD_SET,
	FIELD_ADD,     /* several keys add up; RECORD_UNKNOWN + x = x; saturates */
	FIELD_KIB,     /* "Key:   12 kB" → bytes */
	FIELD_ADD_KIB, /* both */
};

struct field {
	const char *key; /* without blank or colon */
	size_t offset;   /* of a __u64 in what fields_parse() is given */
	enum field_how how;
};

/* pread from 0 to the end of the file or of the buffer. `single`: the kernel produces the whole
 * text at once (most cgroup files, meminfo; not vmstat or cgroup.procs, which come page by page),
 * so that a short read that ends with a newline is the end, which saves one system call. Bytes
 * read, or -errno. */
ssize_t fields_read(int fd, char *text, size_t size, bool single);

/* Returns the number of fields found. Fastest when the lines are in the order of the table; any
 * order works. */
size_t fields_parse(const char *text, size_t n, const struct field *fields, size_t count,
		    void *base);

/* "123\n" → 0; "max\n" → 0 and RECORD_UNKNOWN; else -EINVAL. */
int fields_number(const char *text, size_t n, __u64 *ret_value);

struct fields_pressure { /* RECORD_UNKNOWN, ~0U where the text does not contain it */
	__u64 some_us, full_us;
	__u32 some_avg10_centi, full_avg10_centi;
};
void fields_pressure(const char *text, size_t n, struct fields_pressure *ret_pressure);

#endif
