/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Reads a file of any kind and size, and returns its content as UTF-8 text; for yaml_tree.c. */
#ifndef HEADROOM_YAML_FILE_H
#define HEADROOM_YAML_FILE_H

#include "yaml_tree.h"

/* The whole file, never a byte more than TREE_BYTES; NUL-terminated, malloc'ed. Errors as
 * tree_load(). */
int yaml_file_read(const struct tree *tree, char **ret_text, size_t *ret_bytes);

#endif
