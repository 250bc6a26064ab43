/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The board's records as JSON: a table of {key, getter, offset} for each kind of record, in the
 * order of docs/reference/json.md. Every key of a table is always there; unknown values are null. All
 * text is cleaned. Each call returns a new reference that the caller drops, or NULL without memory.
 */
#ifndef HEADROOM_JSON_H
#define HEADROOM_JSON_H

#include <stddef.h>
#include <jansson.h>
#include <headroom/reader.h>
#include "format/display_name.h"

struct json_field {
	const char *key;
	json_t *(*get)(const struct record_text *from, const void *at);
	size_t offset; /* of `at`, from the base that json_fields() is given */
};

/* Adds the fields of the table (ended by a NULL key) to object. 0 or -ENOMEM. */
int json_fields(json_t *object, const struct json_field *table, const struct record_text *from,
		const void *base);

json_t *json_container(const struct hr_slot *slot);
/* `time_ns`: wall time of the snapshot; health: hr_reader_health()'s result. */
json_t *json_host(const struct hr_host *host, const struct hr_board_header *header,
		  uint64_t time_ns, int health);
json_t *json_event(const struct hr_event *event, const char *node);

/* json_action.c: an action's fields; its inputs alone; the policy's next action, or null. */
extern const struct json_field json_action_fields[]; /* struct hr_event_action */
json_t *json_inputs(const struct hr_inputs *inputs);
json_t *json_next_action(const char *policy, unsigned int kind);

/* One point of a history; `created_ns` is its zero point in wall time. */
json_t *json_point(const struct hr_point *point, uint64_t created_ns);

/* Getters; `at` points to the type in the name. */
json_t *json_get_bytes(const struct record_text *from,
		       const void *at); /* uint64_t; any count, too */
json_t *json_get_u32(const struct record_text *from, const void *at);
json_t *json_get_u32_flag(const struct record_text *from, const void *at); /* 0, 1 */
json_t *json_get_i32(const struct record_text *from, const void *at);
json_t *json_get_rate(const struct record_text *from, const void *at); /* int64_t */
json_t *json_get_id(const struct record_text *from, const void *at);   /* uint64_t as a string */
json_t *json_get_time(const struct record_text *from, const void *at); /* wall ns; 0: null */
json_t *json_get_ms(const struct record_text *from, const void *at);   /* uint64_t → seconds */
json_t *json_get_ns(const struct record_text *from, const void *at);   /* uint64_t → seconds */
json_t *json_get_text(const struct record_text *from, const void *at); /* struct hr_str */
json_t *json_get_comm(const struct record_text *from, const void *at); /* char[16] */
json_t *json_get_pressure(const struct record_text *from, const void *at);
json_t *json_get_score(const struct record_text *from, const void *at); /* struct hr_score */
json_t *json_clean(const char *text, size_t n);                         /* NULL: null */
json_t *json_word(const char *word);                                    /* NULL: null */

/* Tables that several records share; the base is the struct named. */
extern const struct json_field json_identity_fields[]; /* struct hr_identity */
extern const struct json_field json_forecast_fields[]; /* struct hr_forecast */

/* Compact, and no more digits than a double holds. */
#define JSON_STYLE (JSON_COMPACT | JSON_REAL_PRECISION(15))

#endif
