// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * OTLP/JSON as protobuf. The tables have the fields of the messages that otlp_document.c builds, by their JSON names. A dozen
 * messages of four wire types: less code than what a generator would need to be fed with, and nothing to install.
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding/
 */
#include "otlp.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"

enum kind {
	MESSAGE = 1, /* `of` has its fields */
	TEXT,
	DOUBLE,
	FIXED64, /* in JSON a decimal string */
	VARINT   /* enum, bool */
};
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
static const unsigned char wire_of[] = {
	[MESSAGE] = WIRE_BYTES, [TEXT] = WIRE_BYTES,    [DOUBLE] = WIRE_64,
	[FIXED64] = WIRE_64,    [VARINT] = WIRE_VARINT,
};

struct field {
	const char *key; /* NULL ends the table */
	unsigned char number;
	enum kind kind;
	const struct field *of;
};

/* common.proto, resource.proto */
static const struct field any_value[] = {{"stringValue", 1, TEXT, NULL}, {0}};
static const struct field key_value[] = {
	{"key", 1, TEXT, NULL}, {"value", 2, MESSAGE, any_value}, {0}};
static const struct field scope[] = {{"name", 1, TEXT, NULL}, {"version", 2, TEXT, NULL}, {0}};
static const struct field resource[] = {{"attributes", 1, MESSAGE, key_value}, {0}};

/* metrics.proto */
static const struct field data_point[] = {
	{"startTimeUnixNano", 2, FIXED64, NULL},
	{"timeUnixNano", 3, FIXED64, NULL},
	{"asDouble", 4, DOUBLE, NULL},
	{"attributes", 7, MESSAGE, key_value},
	{0},
};
static const struct field gauge[] = {{"dataPoints", 1, MESSAGE, data_point}, {0}};
static const struct field sum[] = {
	{"dataPoints", 1, MESSAGE, data_point},
	{"aggregationTemporality", 2, VARINT, NULL},
	{"isMonotonic", 3, VARINT, NULL},
	{0},
};
static const struct field metric[] = {
	{"name", 1, TEXT, NULL},
	{"unit", 3, TEXT, NULL},
	{"gauge", 5, MESSAGE, gauge},
	{"sum", 7, MESSAGE, sum},
	{0},
};
static const struct field scope_metrics[] = {
	{"scope", 1, MESSAGE, scope},
	{"metrics", 2, MESSAGE, metric},
	{"schemaUrl", 3, TEXT, NULL},
	{0},
};
static const struct field resource_metrics[] = {
	{"resource", 1, MESSAGE, resource},
	{"scopeMetrics", 2, MESSAGE, scope_metrics},
	{"schemaUrl", 3, TEXT, NULL},
	{0},
};

/* logs.proto */
static const struct field log_record[] = {
	{"timeUnixNano", 1, FIXED64, NULL},    {"severityNumber", 2, VARINT, NULL},
	{"severityText", 3, TEXT, NULL},       {"body", 5, MESSAGE, any_value},
	{"attributes", 6, MESSAGE, key_value}, {"observedTimeUnixNano", 11, FIXED64, NULL},
	{"eventName", 12, TEXT, NULL},         {0},
};
static const struct field scope_logs[] = {
	{"scope", 1, MESSAGE, scope},
	{"logRecords", 2, MESSAGE, log_record},
	{"schemaUrl", 3, TEXT, NULL},
	{0},
};
static const struct field resource_logs[] = {
	{"resource", 1, MESSAGE, resource},
	{"scopeLogs", 2, MESSAGE, scope_logs},
	{"schemaUrl", 3, TEXT, NULL},
	{0},
};

static const struct field request_fields[] = {
	{"resourceMetrics", 1, MESSAGE, resource_metrics},
	{"resourceLogs", 1, MESSAGE, resource_logs},
	{0},
};

/* ---- encoding ---- */

#define VARINT_MAX 10

static size_t varint(uint64_t value, char bytes[VARINT_MAX])
{
	size_t n = 0;

	for (; value > 0x7f; value >>= 7)
		bytes[n++] = (char)(value | 0x80);
	bytes[n++] = (char)value;
	return n;
}

static void add_varint(struct body *out, uint64_t value)
{
	char bytes[VARINT_MAX];

	body_add(out, bytes, varint(value, bytes));
}

static void add_64(struct body *out, uint64_t value)
{
	value = htole64(value);
	body_add(out, (const char *)&value, sizeof(value));
}

static int add_message(struct body *out, const json_t *object, const struct field *fields);

/* The length stands before the message and is known after it: room is made for it then. */
static int add_nested(struct body *out, const json_t *object, const struct field *fields)
{
	char length[VARINT_MAX];
	size_t start = out->n, bytes, n;
	int err = add_message(out, object, fields);

	bytes = out->n - start;
	n = varint(bytes, length);
	body_add(out, length, n);
	if (err || out->failed)
		return err;
	memmove(out->text + start + n, out->text + start, bytes);
	memcpy(out->text + start, length, n);
	return 0;
}

static int add_value(struct body *out, const struct field *field, const json_t *value)
{
	double number = json_number_value(value);
	uint64_t bits;

	add_varint(out, (uint64_t)field->number << 3 | wire_of[field->kind]);
	switch (field->kind) {
	case MESSAGE:
		return add_nested(out, value, field->of);
	case TEXT:
		add_varint(out, json_string_length(value));
		body_add(out, json_string_value(value), json_string_length(value));
		return 0;
	case DOUBLE:
		memcpy(&bits, &number, sizeof(bits));
		add_64(out, bits);
		return 0;
	case FIXED64:
		add_64(out, strtoull(json_string_value(value) ?: "0", NULL, 10));
		return 0;
	case VARINT:
		add_varint(out, json_is_true(value) ? 1 : (uint64_t)json_integer_value(value));
		return 0;
	}
	return -EINVAL;
}

static int add_field(struct body *out, const struct field *field, const json_t *value)
{
	int err = 0;

	if (!json_is_array(value))
		return add_value(out, field, value);
	for (size_t i = 0; i < json_array_size(value) && !err; i++)
		err = add_value(out, field, json_array_get(value, i));
	return err;
}

static int add_message(struct body *out, const json_t *object, const struct field *fields)
{
	const struct field *field;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		int err;

		for (field = fields; field->key && strcmp(field->key, key); field++)
			;
		err = field->key ? add_field(out, field, value) : -EINVAL;
		if (err)
			return err;
	}
	return 0;
}

int otlp_encode(const json_t *request, struct body *out)
{
	return add_message(out, request, request_fields) ?: out->failed ? -ENOMEM : 0;
}

/* ---- what a receiver rejected ---- */

struct input {
	const unsigned char *at, *end;
};

static uint64_t get_varint(struct input *in)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; in->at < in->end && shift < 64; shift += 7) {
		value |= (uint64_t)(*in->at & 0x7f) << shift;
		if (!(*in->at++ & 0x80))
			return value;
	}
	in->at = in->end; /* damaged: nothing more */
	return 0;
}

/* The next field: its number, and a number or the bytes. 0: no more. */
static uint64_t get_field(struct input *in, uint64_t *value, struct input *bytes)
{
	uint64_t tag = get_varint(in), n = 0;

	*bytes = (struct input){in->at, in->at};
	*value = 0;
	switch (tag & 7) {
	case WIRE_VARINT:
		*value = get_varint(in);
		return tag >> 3;
	case WIRE_64:
		n = 8;
		break;
	case WIRE_32:
		n = 4;
		break;
	case WIRE_BYTES:
		n = get_varint(in);
		break;
	default:
		return 0;
	}
	if (n > (uint64_t)(in->end - in->at))
		return 0;
	*bytes = (struct input){in->at, in->at + n};
	in->at += n;
	return tag >> 3;
}

static uint64_t read_partial(struct input in, char *message, size_t bytes)
{
	uint64_t value, number, rejected = 0;
	struct input text;

	while ((number = get_field(&in, &value, &text))) {
		if (number == 1)
			rejected = value;
		else if (number == 2)
			text_clean((const char *)text.at, (size_t)(text.end - text.at), message,
				   bytes);
	}
	return rejected > INT64_MAX ? 0 : rejected; /* an int64 */
}

uint64_t otlp_rejected_protobuf(const char *response, size_t n, char *message, size_t bytes)
{
	struct input in = {(const unsigned char *)response, (const unsigned char *)response + n},
		     part;
	uint64_t value, number, rejected = 0;

	*message = '\0';
	while ((number = get_field(&in, &value, &part)))
		if (number == 1)
			rejected = read_partial(part, message, bytes);
	return rejected;
}

uint64_t otlp_rejected_json(const char *response, size_t n, char *message, size_t bytes)
{
	json_t *document = json_loadb(response, n, 0, NULL), *count;
	json_t *partial = json_object_get(document, "partialSuccess");
	const char *text = json_string_value(json_object_get(partial, "errorMessage"));
	long long rejected;

	*message = '\0';
	count = json_object_get(partial, "rejectedDataPoints")
			?: json_object_get(partial, "rejectedLogRecords");
	rejected = json_is_string(count) ? strtoll(json_string_value(count), NULL, 10)
					 : json_integer_value(count);
	if (text)
		text_clean(text, SIZE_MAX, message, bytes);
	json_decref(document);
	return rejected > 0 ? (uint64_t)rejected : 0;
}
