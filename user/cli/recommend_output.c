// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Recommendations as a table, CSV, JSON, YAML, and as fragments of configuration. A fragment has only what the format can
 * hold: a comment says what was left out, and why.
 */
#include "recommend.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "command/command.h"
#include "format/display_name.h"
#include "format/table.h"
#include "json/json.h"
#include "json/json_yaml.h"
#include "report/report.h"

#define CELL 320
#define MIB  (1ULL << 20)

const char *const recommend_formats[RECOMMEND_FORMATS] = {
	[RECOMMEND_TABLE] = "table",     [RECOMMEND_WIDE] = "wide",
	[RECOMMEND_JSON] = "json",       [RECOMMEND_YAML] = "yaml",
	[RECOMMEND_CSV] = "csv",         [RECOMMEND_KUBERNETES] = "kubernetes",
	[RECOMMEND_COMPOSE] = "compose", [RECOMMEND_SYSTEMD] = "systemd",
};

const char *recommend_refusal(const struct recommend_one *one)
{
	switch (one->result.kind) {
	case RECOMMEND_TOO_LITTLE:
		return "not enough history to recommend a limit";
	case RECOMMEND_LEAK:
		return "leak: a limit only delays it";
	case RECOMMEND_GROWS:
		return "it grows, and shows no bound for a limit";
	default:
		return NULL;
	}
}

static const char *verdict(const struct recommend_one *one)
{
	const char *refusal = recommend_refusal(one);

	if (refusal)
		return refusal;
	if (one->result.kind == RECOMMEND_ELSEWHERE)
		return "OOM-killed at another limit than its own";
	if (one->slot.memory.limit == HR_UNKNOWN)
		return "has no limit";
	return one->result.kind == RECOMMEND_FITS ? "its limit is large enough" : "raise its limit";
}

/* ---- table and CSV ---- */

static uint64_t get_limit(const struct recommend_one *o) { return o->slot.memory.limit; }
static uint64_t get_peak(const struct recommend_one *o) { return o->result.peak; }
static uint64_t get_usual(const struct recommend_one *o) { return o->result.usual; }
static uint64_t get_median(const struct recommend_one *o) { return o->result.median; }
static uint64_t get_new_limit(const struct recommend_one *o) { return o->result.limit; }
static uint64_t get_request(const struct recommend_one *o) { return o->result.request; }
static uint64_t get_low(const struct recommend_one *o) { return o->result.low; }
static uint64_t get_seen(const struct recommend_one *o) { return o->result.span_ms; }
static uint64_t get_kills(const struct recommend_one *o) { return o->kills; }
static uint64_t get_runs(const struct recommend_one *o) { return o->result.runs; }
static uint64_t get_samples(const struct recommend_one *o) { return o->result.samples; }

enum cell_kind { CELL_NAME, CELL_BYTES, CELL_MS, CELL_COUNT, CELL_VERDICT };

static const struct recommend_column {
	const char *id, *title;
	enum cell_kind kind;
	bool wide; /* not in the table */
	uint64_t (*get)(const struct recommend_one *one);
} columns[] = {
	{"name", "NAME", CELL_NAME, false, NULL},
	{"present_limit_bytes", "LIMIT", CELL_BYTES, false, get_limit},
	{"peak_bytes", "PEAK", CELL_BYTES, false, get_peak},
	{"typical_bytes", "P95", CELL_BYTES, false, get_usual},
	{"median_bytes", "MEDIAN", CELL_BYTES, true, get_median},
	{"history_milliseconds", "SEEN", CELL_MS, false, get_seen},
	{"samples", "SAMPLES", CELL_COUNT, true, get_samples},
	{"runs", "RUNS", CELL_COUNT, true, get_runs},
	{"oom_kills", "OOM KILLS", CELL_COUNT, false, get_kills},
	{"limit_bytes", "NEW LIMIT", CELL_BYTES, false, get_new_limit},
	{"request_bytes", "REQUEST", CELL_BYTES, false, get_request},
	{"low_bytes", "LOW", CELL_BYTES, false, get_low},
	{"verdict", "VERDICT", CELL_VERDICT, false, NULL},
};

static const char *cell(const struct recommend_column *column, const struct recommend_one *one,
			char text[CELL])
{
	uint64_t value = column->get ? column->get(one) : 0;

	switch (column->kind) {
	case CELL_NAME:
		return one->name;
	case CELL_VERDICT:
		return verdict(one);
	case CELL_BYTES:
		return units_bytes(value, text);
	case CELL_MS:
		return units_duration_ms(value, text);
	case CELL_COUNT:
		snprintf(text, CELL, "%llu", (unsigned long long)value);
	}
	return text;
}

static void print_row(FILE *out, const struct recommend_one *one, bool wide, const size_t *width)
{
	char text[CELL];

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const char *is = one ? cell(&columns[i], one, text) : columns[i].title;
		int pad = (int)(width[i] - text_width(is));
		bool last = i + 1 == ARRAY_SIZE(columns);

		if (columns[i].wide && !wide)
			continue;
		fprintf(out, "%*s%s%*s%s", columns[i].get ? pad : 0, "", is,
			columns[i].get || last ? 0 : pad, "", last ? "\n" : "  ");
	}
}

static void print_table(const struct recommend_all *all, bool wide, bool headers, FILE *out)
{
	size_t width[ARRAY_SIZE(columns)] = {0};
	char text[CELL];

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		width[i] = headers ? strlen(columns[i].title) : 0;
		for (size_t j = 0; j < all->n; j++) {
			size_t w = text_width(cell(&columns[i], all->one[j], text));

			width[i] = w > width[i] ? w : width[i];
		}
	}
	if (headers)
		print_row(out, NULL, wide, width);
	for (size_t j = 0; j < all->n; j++)
		print_row(out, all->one[j], wide, width);
}

/* The reasons of each, below the table. */
static void print_reasons(const struct recommend_all *all, FILE *out)
{
	char seen[CLOCK_TEXT], kill[CLOCK_TEXT];

	for (size_t i = 0; i < all->n; i++) {
		const struct recommend_one *one = all->one[i];
		const struct recommendation *a = &one->result;

		fprintf(out, "\n%s\n", one->name);
		if (a->limit_text[0])
			fprintf(out, "  Limit: %s\n", a->limit_text);
		if (a->request_text[0])
			fprintf(out, "  Request: %s\n", a->request_text);
		if (one->demand.peak_ns)
			fprintf(out, "  %s Highest usage %s.\n", a->basis,
				clock_format_local(one->demand.peak_ns, seen));
		else if (one->demand.samples)
			fprintf(out, "  %s\n", a->basis);
		if (one->kills)
			fprintf(out, "  OOM kills: %llu, the last %s.\n",
				(unsigned long long)one->kills,
				clock_format_local(one->last_kill_ns, kill));
	}
}

/* As `ls` has it: plain numbers, text in quotes, empty where unknown. */
static void print_csv(const struct recommend_all *all, bool headers, FILE *out)
{
	char text[CELL];

	for (size_t i = 0; i < ARRAY_SIZE(columns) && headers; i++)
		fprintf(out, "%s%c", columns[i].id, i + 1 < ARRAY_SIZE(columns) ? ',' : '\n');
	for (size_t j = 0; j < all->n; j++)
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
			const struct recommend_column *column = &columns[i];
			uint64_t value = column->get ? column->get(all->one[j]) : HR_UNKNOWN;

			if (column->get && value != HR_UNKNOWN)
				fprintf(out, "%llu", (unsigned long long)value);
			if (!column->get)
				csv_text(out, cell(column, all->one[j], text));
			fputc(i + 1 < ARRAY_SIZE(columns) ? ',' : '\n', out);
		}
}

/* ---- JSON and YAML ---- */

static json_t *one_json(const struct recommend_one *one)
{
	const struct hr_slot *slot = &one->slot;
	struct record_text from = record_text_slot(slot);
	json_t *o = json_object(), *evidence;

	if (!o || json_fields(o, json_identity_fields, &from, &slot->id)) {
		json_decref(o);
		return NULL;
	}
	evidence = json_pack("{so so so so so so so}", "from",
			     json_get_time(&from, &one->demand.first_ns), "to",
			     json_get_time(&from, &one->demand.last_ns), "peak_at",
			     json_get_time(&from, &one->demand.peak_ns), "oom_kills",
			     json_get_bytes(&from, &one->kills), "last_oom_kill",
			     json_get_time(&from, &one->last_kill_ns), "killed_at_limit_bytes",
			     json_get_bytes(&from, &one->killed_at), "growth_bytes",
			     json_get_bytes(&from, &one->result.growth));
	if (json_object_set_new(o, "cgroup", json_get_text(&from, &slot->id.cgroup)) ||
	    json_object_set_new(o, "present_limit_bytes",
				json_get_bytes(&from, &slot->memory.limit)) ||
	    json_object_set_new(o, "evidence", evidence) ||
	    json_object_set_new(o, "recommendation", recommendation_json(&one->result))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static int print_document(const struct recommend_all *all, bool yaml, FILE *out)
{
	json_t *list = json_array(), *document;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; i < all->n && !r; i++)
		r = json_array_append_new(list, one_json(all->one[i])) ? -ENOMEM : 0;
	document = json_pack("{ss so so}", "schema", "headroom.recommendations/2", "time",
			     json_get_time(NULL, &all->newest_ns), "containers", list);
	if (!document)
		return -ENOMEM;
	if (!r && yaml)
		r = json_print_yaml(document, out);
	else if (!r)
		r = json_dumpf(document, out, JSON_STYLE) ? -EIO : 0;
	json_decref(document);
	if (!yaml)
		fputc('\n', out);
	return r;
}

/* ---- fragments ---- */

/* A text in quotes, as JSON and YAML have it. */
static void put_quoted(FILE *out, const char *text)
{
	_cleanup_free_ char *quoted = NULL;
	json_t *string = json_clean(text, SIZE_MAX);

	quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
	json_decref(string);
	fputs(quoted ? quoted : "\"\"", out);
}

static void put_reason(FILE *out, const struct recommend_one *one)
{
	fprintf(out, "# %s: %s\n# %s\n", one->name, one->result.limit_text, one->result.basis);
}

static void put_kubernetes(FILE *out, const struct recommend_one *one)
{
	const struct hr_slot *slot = &one->slot;

	fputs("---\n", out);
	put_reason(out, one);
	fputs("spec:\n  template:\n    spec:\n      containers:\n        - name: ", out);
	put_quoted(out, hr_slot_text(slot, slot->id.container));
	fprintf(out,
		"\n          resources:\n            requests:\n              memory: %lluMi\n"
		"            limits:\n              memory: %lluMi\n",
		(unsigned long long)(one->result.request / MIB),
		(unsigned long long)(one->result.limit / MIB));
}

static void put_compose(FILE *out, const struct recommend_one *one)
{
	put_reason(out, one);
	fputs("  ", out);
	put_quoted(out, hr_slot_text(&one->slot, one->slot.id.name));
	fprintf(out,
		":\n    deploy:\n      resources:\n        limits:\n          memory: %lluM\n"
		"        reservations:\n          memory: %lluM\n",
		(unsigned long long)(one->result.limit / MIB),
		(unsigned long long)(one->result.low / MIB));
}

static void put_systemd(FILE *out, const struct recommend_one *one)
{
	const char *unit = hr_slot_text(&one->slot, one->slot.id.unit), *dot = strrchr(unit, '.');

	put_reason(out, one);
	fprintf(out, "# systemctl edit %s\n", one->name);
	fprintf(out, "[%s]\nMemoryMax=%lluM\nMemoryLow=%lluM\n\n",
		dot && !strcmp(dot, ".scope")   ? "Scope"
		: dot && !strcmp(dot, ".slice") ? "Slice"
						: "Service",
		(unsigned long long)(one->result.limit / MIB),
		(unsigned long long)(one->result.low / MIB));
}

static bool has_container(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_CONTAINER && hr_slot_text(slot, slot->id.pod) &&
	       hr_slot_text(slot, slot->id.container);
}

static bool has_name(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_CONTAINER && !hr_slot_text(slot, slot->id.pod) &&
	       hr_slot_text(slot, slot->id.name);
}

static bool has_unit(const struct hr_slot *slot)
{
	return slot->id.kind == HR_KIND_UNIT && hr_slot_text(slot, slot->id.unit);
}

static const struct fragment {
	bool (*can)(const struct hr_slot *slot);
	const char *cannot, *head;
	void (*put)(FILE *out, const struct recommend_one *one);
} fragments[RECOMMEND_FORMATS] = {
	[RECOMMEND_KUBERNETES] = {has_container, "no container of a pod",
				  "# One patch for each container: kubectl -n NAMESPACE patch "
				  "deployment NAME --patch-file FILE\n",
				  put_kubernetes},
	[RECOMMEND_COMPOSE] = {has_name, "no container outside a pod",
			       "# Names are those of containers: replace them by the names of "
			       "your services.\nservices:\n",
			       put_compose},
	[RECOMMEND_SYSTEMD] = {has_unit, "no systemd unit", "", put_systemd},
};

static size_t print_fragment(const struct recommend_all *all, const struct fragment *f, FILE *out)
{
	size_t written = 0;

	fputs(f->head, out);
	for (size_t i = 0; i < all->n; i++) {
		const struct recommend_one *one = all->one[i];
		const char *refusal = recommend_refusal(one);

		if (refusal || !f->can(&one->slot)) {
			fprintf(out, "# %s: left out: %s\n", one->name,
				refusal ? refusal : f->cannot);
			continue;
		}
		f->put(out, one);
		written++;
	}
	return written;
}

int recommend_print(const struct recommend_all *all, enum recommend_format format, bool headers,
		    FILE *out, size_t *ret_written)
{
	int r = 0;

	*ret_written = 0;
	for (size_t i = 0; i < all->n; i++)
		*ret_written += !recommend_refusal(all->one[i]);
	if (format == RECOMMEND_TABLE || format == RECOMMEND_WIDE) {
		print_table(all, format == RECOMMEND_WIDE, headers, out);
		if (all->target && headers)
			print_reasons(all, out);
	} else if (format == RECOMMEND_CSV) {
		print_csv(all, headers, out);
	} else if (format == RECOMMEND_JSON || format == RECOMMEND_YAML) {
		r = print_document(all, format == RECOMMEND_YAML, out);
	} else {
		*ret_written = print_fragment(all, &fragments[format], out);
	}
	return r;
}
