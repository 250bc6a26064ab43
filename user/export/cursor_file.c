// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Where a restarted exporter goes on: one line a sink, "NAME INSTANCE SEQ". A file that is damaged is as good as none. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "export.h"

int export_state_load(const char *path, struct export_mark *marks, size_t space, size_t *ret_n)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char line[128];
	size_t n = 0;

	if (!file)
		return -errno;
	while (n < space && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %" SCNx64 " %" SCNu64, marks[n].sink, &marks[n].instance,
			   &marks[n].seq) == 3)
			n++;
	*ret_n = n;
	return 0;
}

int export_state_save(const char *path, const struct export_mark *marks, size_t n)
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
		fprintf(file, "%s %" PRIx64 " %" PRIu64 "\n", marks[i].sink, marks[i].instance,
			marks[i].seq);
	err = fflush(file) || fsync(fileno(file)) ? -errno : 0;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}
