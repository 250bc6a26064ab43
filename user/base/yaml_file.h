/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* yaml_tree.c's lower half: a file that may be anything, as text that is UTF-8. */
#ifndef HEADROOM_YAML_FILE_H
#define HEADROOM_YAML_FILE_H

#include "yaml_tree.h"

/* The whole file, never a byte more than TREE_BYTES; NUL-terminated, malloc'ed. Errors as tree_load(). */
int yaml_file_read(const struct tree *tree, char **ret_text, size_t *ret_bytes);

#endif
