/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The project's other programs: next to this one in a build, or where `make install` puts them. */
#ifndef HEADROOM_BASE_FIND_PROGRAM_H
#define HEADROOM_BASE_FIND_PROGRAM_H

#include <limits.h>

/* The path of the first one that exists and is executable; else -ENOENT, or -errno. */
int beside_find(const char *program, char ret_path[PATH_MAX]);

#endif
