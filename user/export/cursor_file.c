// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The positions at which a restarted exporter continues: one line per sink, "NAME INSTANCE SEQ". Ignores damaged lines. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/safe_file.h"
#include "export.h"

int cursor_file_load(const char *path, struct cursor *cursors, size_t space, size_t *ret_n)
{
	int fd = safe_open(path, O_RDONLY, 0);
	_cleanup_fclose_ FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[128];
	size_t n = 0;

	if (fd < 0)
		return fd;
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	while (n < space && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %" SCNx64 " %" SCNu64, cursors[n].sink, &cursors[n].instance,
			   &cursors[n].seq) == 3)
			n++;
	*ret_n = n;
	return 0;
}

int cursor_file_save(const char *path, const struct cursor *cursors, size_t n)
{
	struct safe_file file;
	int err = safe_file_begin(path, 0644, &file);

	if (err)
		return err;
	for (size_t i = 0; i < n && !err; i++)
		if (dprintf(file.fd, "%s %" PRIx64 " %" PRIu64 "\n", cursors[i].sink,
			    cursors[i].instance, cursors[i].seq) < 0)
			err = -errno;
	if (!err && fsync(file.fd))
		err = -errno;
	if (!err)
		return safe_file_commit(&file);
	safe_file_abort(&file);
	return err;
}
