// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Reads a file that may be a FIFO, a directory, a device, huge, or not text: without hanging, and
 * with an error that names the problem.
 */
#include "yaml_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "base/read_full.h"

static int complain_file(const struct tree *tree, const char *what)
{
	char path[192];

	text_clean(tree->path, strlen(tree->path), path, sizeof(path));
	snprintf(tree->error, tree->error_bytes, "%s: %s: expected a configuration file", path,
		 what);
	return -EINVAL;
}

static const struct {
	mode_t type;
	const char *what;
} odd_files[] = {
	{S_IFDIR, "a folder"}, {S_IFIFO, "a FIFO"},    {S_IFCHR, "a device"},
	{S_IFBLK, "a device"}, {S_IFSOCK, "a socket"},
};

static int check_file(const struct tree *tree, const struct stat *st)
{
	if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3))
		return 0; /* /dev/null: the defaults */
	for (size_t i = 0; i < ARRAY_SIZE(odd_files); i++)
		if ((st->st_mode & S_IFMT) == odd_files[i].type)
			return complain_file(tree, odd_files[i].what);
	if (st->st_size > TREE_BYTES)
		return complain_file(tree, "larger than 4 MiB");
	return 0;
}

/* How many bytes the character at `at` takes; 0: not UTF-8. */
static size_t utf8_bytes(const unsigned char *at, size_t left)
{
	static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *at < 0x80   ? 1
		   : *at < 0xc2 ? 0
		   : *at < 0xe0 ? 2
		   : *at < 0xf0 ? 3
		   : *at < 0xf5 ? 4
				: 0;
	unsigned int c = n == 1 ? *at : *at & (0xffu >> (n + 1));

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	return n && c >= least[n] && (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff ? n : 0;
}

/* What libyaml would refuse with an offset instead of a line: bytes that are not UTF-8, control
 * characters. */
static int check_text(const struct tree *tree, const char *text, size_t bytes)
{
	struct tree_node at = {.line = 1, .column = 1};
	char what[32];
	size_t n;

	for (const char *p = text; bytes; p += n, bytes -= n) {
		unsigned char c = (unsigned char)*p;

		n = utf8_bytes((const unsigned char *)p, bytes);
		if (!n) {
			snprintf(what, sizeof(what), "byte 0x%02x", c);
			return tree_complain(tree, &at, what, "not UTF-8; expected text");
		}
		if (n == 3 && !memcmp(p, "\xef\xbb\xbf", 3) && p == text)
			continue; /* a byte order mark */
		if ((c < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)p[1] < 0xa0) ||
		    (n == 3 && (!memcmp(p, "\xef\xbb\xbf", 3) || !memcmp(p, "\xef\xbf\xbe", 3) ||
				!memcmp(p, "\xef\xbf\xbf", 3)))) {
			snprintf(what, sizeof(what), "byte 0x%02x", c);
			return tree_complain(tree, &at, what, "a control character; expected text");
		}
		at.column++;
		if (c == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return 0;
}

int yaml_file_read(const struct tree *tree, char **ret_text, size_t *ret_bytes)
{
	_cleanup_close_ int fd = open(tree->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t n;
	int err;

	if (fd < 0 || fstat(fd, &st))
		return errno == ENXIO ? complain_file(tree, "a socket or device") : -errno;
	err = check_file(tree, &st);
	if (err)
		return err;
	text = malloc(TREE_BYTES + 1); /* the kernel backs only the pages that the file fills */
	if (!text)
		return -ENOMEM;
	n = whole_read(fd, text, TREE_BYTES + 1);
	if (n < 0)
		return (int)n;
	if (n > TREE_BYTES)
		return complain_file(tree, "larger than 4 MiB");
	err = check_text(tree, text, (size_t)n);
	if (err)
		return err;
	text[n] = 0;
	*ret_text = take_ptr(text);
	*ret_bytes = (size_t)n;
	return 0;
}
