// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The positions at which a restarted exporter continues: one line per sink, "NAME INSTANCE SEQ". Ignores damaged lines. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "export.h"

int cursor_file_load(const char *path, struct cursor *cursors, size_t space, size_t *ret_n)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[128];
	size_t n = 0;

	if (!file)
		return -errno;
	while (n < space && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %" SCNx64 " %" SCNu64, cursors[n].sink, &cursors[n].instance,
			   &cursors[n].seq) == 3)
			n++;
	*ret_n = n;
	return 0;
}

int cursor_file_save(const char *path, const struct cursor *cursors, size_t n)
{
	char temporary[PATH_MAX];
	FILE *file;
	int err;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	file = fopen(temporary, "we");
	if (!file)
		return -errno;
	for (size_t i = 0; i < n; i++)
		fprintf(file, "%s %" PRIx64 " %" PRIu64 "\n", cursors[i].sink, cursors[i].instance,
			cursors[i].seq);
	err = fflush(file) || fsync(fileno(file)) ? -errno : 0;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}
