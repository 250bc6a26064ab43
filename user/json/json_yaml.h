/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A JSON value as YAML, in blocks: text is always in double quotes, as JSON has it. */
#ifndef HEADROOM_JSON_YAML_H
#define HEADROOM_JSON_YAML_H

#include <stdio.h>
#include <jansson.h>

/* 0 or -ENOMEM; the caller checks errors of `out`. */
int json_print_yaml(const json_t *value, FILE *out);
/* The same as an item of a list, at the begin of a line. */
int json_print_yaml_item(const json_t *value, FILE *out);

#endif
