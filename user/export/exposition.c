// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Rows and their text. A container's labels are cleaned and escaped once and copied into each of its samples; from scrape to
 * scrape they are kept for as long as the slot says the same.
 */
#include "exposition.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PIECE_BYTES (64u << 10) /* written at a time */
#define NUMBER_MOST 40u
#define TABLES      2 /* ours and, where asked for, cAdvisor's */

struct emitted {
	uint64_t path; /* its hash */
	uint64_t appeared_ns, usage;
	bool gone, left_out;
	uint32_t at, n; /* its labels, in the page of labels */
	double *value;  /* one per metric */
};

struct known {             /* of a slot */
	uint64_t identity; /* hash of what the labels are made of */
	uint32_t at, n;
};

struct scrape_labels {
	struct page text;
	struct known *known; /* by slot */
	size_t space;
};

struct scrape {
	struct metrics_config config;
	const struct metric *table[TABLES];
	size_t tables, metrics; /* metrics in all of them */
	struct scrape_labels *before;
	struct scrape_labels now; /* becomes the next one's `before` */
	struct emitted *row;
	double *values; /* metrics of each row */
	size_t n, space;
	uint32_t *by_path; /* open addressing: a row's number + 1 */
	size_t paths;      /* a power of two, at least twice the room */
	bool failed;
	/* reading */
	struct page
		labels;   /* a copy of its own: the next scrape may begin while this one is read */
	struct page tail; /* what stands after the containers */
	struct page piece;
	size_t piece_at, next_table, next_metric, next_value, next_row;
	bool ended;
};

struct scrape_labels *scrape_labels_new(void) { return calloc(1, sizeof(struct scrape_labels)); }

static void labels_done(struct scrape_labels *labels)
{
	page_done(&labels->text);
	free(labels->known);
	memset(labels, 0, sizeof(*labels));
}

void scrape_labels_free(struct scrape_labels *labels)
{
	if (labels)
		labels_done(labels);
	free(labels);
}

struct scrape *scrape_new(const struct metrics_config *config, struct scrape_labels *labels)
{
	struct scrape *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	s->before = labels;
	s->table[s->tables++] = metric_container;
	if (config->cadvisor)
		s->table[s->tables++] = metric_cadvisor;
	for (size_t i = 0; i < s->tables; i++)
		for (const struct metric *m = s->table[i]; m->name; m++)
			s->metrics++;
	return s;
}

void scrape_free(struct scrape *s)
{
	if (!s)
		return;
	labels_done(&s->now);
	free(s->row);
	free(s->values);
	free(s->by_path);
	page_done(&s->labels);
	page_done(&s->tail);
	page_done(&s->piece);
	free(s);
}

/* ---- gathering ---- */

static uint64_t mix(uint64_t h, const void *data,
		    size_t n) /* FNV-1a by words; collisions cost a stale label, so 64 bits */
{
	const unsigned char *at = data;
	uint64_t word;

	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	for (; n; n--)
		h = (h ^ *at++) * 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

static uint64_t identity_of(const struct hr_slot *slot)
{
	size_t used = slot->text_used < HR_SLOT_TEXT ? slot->text_used : HR_SLOT_TEXT;

	return mix(mix(slot->cgroup_id, &slot->id, sizeof(slot->id)), slot->text, used) | 1;
}

static bool wanted(const struct hr_slot *slot, uint64_t now_ns)
{
	if (slot_gone(slot))
		return (slot->id.kind == HR_KIND_CONTAINER || slot->oom_kills_total) &&
		       (now_ns < slot->gone_ns || /* the clock was set back */
			now_ns - slot->gone_ns < METRICS_KEEP_S * NS_PER_SEC);
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.kind == HR_KIND_UNIT ||
	       slot->id.kind == HR_KIND_POD || slot->flags & HR_SLOT_HAS_TASKS ||
	       slot->oom_kills_total; /* the kill may be what emptied it: it is to be counted */
}

/* By another array of at least n, with its old content. */
static bool grow(void **array, size_t n, size_t bytes)
{
	void *bigger = reallocarray(*array, n, bytes);

	if (bigger)
		*array = bigger;
	return bigger;
}

static size_t find_path(const struct scrape *s, uint64_t path)
{
	size_t at = path & (s->paths - 1);

	while (s->by_path[at] && s->row[s->by_path[at] - 1].path != path)
		at = (at + 1) & (s->paths - 1);
	return at;
}

static bool make_space(struct scrape *s)
{
	size_t space = s->space ? 2 * s->space : 256;
	uint32_t *by_path;

	if (s->n < s->space)
		return true;
	by_path = calloc(2 * space, sizeof(*by_path));
	if (!by_path || !grow((void **)&s->row, space, sizeof(*s->row)) ||
	    !grow((void **)&s->values, space * s->metrics, sizeof(*s->values))) {
		free(by_path);
		return false;
	}
	free(s->by_path);
	s->by_path = by_path;
	s->space = space;
	s->paths = 2 * space;
	for (size_t i = 0; i < s->n; i++)
		s->by_path[find_path(s, s->row[i].path)] = (uint32_t)i + 1;
	return true;
}

/* Copied where the slot says what it said before. */
static bool take_labels(struct scrape *s, const struct hr_slot *slot, uint32_t index,
			struct emitted *row)
{
	const struct known *before = index < s->before->space ? &s->before->known[index] : NULL;
	uint64_t identity = identity_of(slot);
	struct page *text = &s->now.text;

	if (index >= s->now.space) {
		size_t space = (index | 255u) + 1;

		if (!grow((void **)&s->now.known, space, sizeof(*s->now.known)))
			return false;
		memset(s->now.known + s->now.space, 0,
		       (space - s->now.space) * sizeof(*s->now.known));
		s->now.space = space;
	}
	row->at = (uint32_t)text->n;
	if (before && before->identity == identity)
		page_add(text, s->before->text.text + before->at, before->n);
	else
		metrics_labels(text, slot);
	row->n = (uint32_t)(text->n - row->at);
	s->now.known[index] = (struct known){identity, row->at, row->n};
	return !text->failed;
}

/* Whether a is to be told of rather than b, which has the same path. */
static bool comes_first(const struct emitted *a, const struct emitted *b)
{
	return a->gone != b->gone ? b->gone : a->appeared_ns > b->appeared_ns;
}

static void take_values(const struct scrape *s, const struct hr_slot *slot, size_t row)
{
	double *value = s->values + row * s->metrics;
	bool gone = slot_gone(slot);

	/* Of what is gone only the counters mean anything. */
	for (size_t i = 0; i < s->tables; i++)
		for (const struct metric *m = s->table[i]; m->name; m++)
			*value++ = gone && !m->counter ? NAN : m->value(slot);
}

void scrape_add(struct scrape *s, const struct hr_slot *slot, uint32_t index, uint64_t now_ns)
{
	const char *path = hr_slot_text(slot, slot->id.cgroup);
	struct emitted row = {.appeared_ns = slot->appeared_ns,
			      .gone = slot_gone(slot),
			      .usage = slot->memory.usage};
	size_t at;

	if (s->failed || !path || !wanted(slot, now_ns))
		return;
	row.path = mix(0, path, strlen(path));
	if (row.gone || row.usage == HR_UNKNOWN)
		row.usage = 0;
	if (!make_space(s) || !take_labels(s, slot, index, &row)) {
		s->failed = true;
		return;
	}
	at = find_path(s, row.path);
	if (!s->by_path[at])
		s->by_path[at] = (uint32_t)++s->n;
	else if (!comes_first(&row, &s->row[s->by_path[at] - 1]))
		return;
	s->row[s->by_path[at] - 1] = row;
	take_values(s, slot, s->by_path[at] - 1);
}

static int by_usage(const void *a, const void *b)
{
	const struct emitted *x = *(struct emitted *const *)a, *y = *(struct emitted *const *)b;

	return x->usage != y->usage ? (x->usage > y->usage ? -1 : 1)
				    : (x->path > y->path) - (x->path < y->path);
}

/* Those with the least memory. */
static size_t leave_out(struct scrape *s)
{
	_cleanup_free_ struct emitted **order = NULL;

	if (s->n <= s->config.most)
		return 0;
	order = calloc(s->n, sizeof(*order));
	if (!order) {
		s->failed = true;
		return 0;
	}
	for (size_t i = 0; i < s->n; i++)
		order[i] = &s->row[i];
	qsort(order, s->n, sizeof(*order), by_usage);
	for (size_t i = s->config.most; i < s->n; i++)
		order[i]->left_out = true;
	return s->n - s->config.most;
}

int scrape_close(struct scrape *s, const struct snapshot *head, const struct metrics_extra *extra)
{
	metrics_write(&s->tail, head, leave_out(s), &s->config, extra);
	page_add(&s->labels, s->now.text.text, s->now.text.n);
	if (s->failed || s->tail.failed || s->labels.failed)
		return -ENOMEM;
	labels_done(s->before);
	*s->before = s->now;
	memset(&s->now, 0, sizeof(s->now));
	s->before = NULL;
	return 0;
}

/* ---- reading ---- */

static void write_samples(struct scrape *s, const struct metric *metric)
{
	size_t name = strcspn(metric->name, "{");
	const char *own = metric->name[name] ? metric->name + name + 1 : "";
	size_t own_n = *own ? strlen(own) - 1 : 0; /* without its brace */
	char begin[128];
	size_t begun = (size_t)snprintf(begin, sizeof(begin), "%.*s%s{", (int)name, metric->name,
					metric->counter ? "_total" : "");

	for (; s->next_row < s->n && s->piece.n < PIECE_BYTES; s->next_row++) {
		const struct emitted *row = &s->row[s->next_row];
		double value = s->values[s->next_row * s->metrics + s->next_value];

		if (row->left_out || isnan(value))
			continue;
		page_reserve(&s->piece, begun + row->n + own_n + NUMBER_MOST);
		page_add(&s->piece, begin, begun);
		page_add(&s->piece, s->labels.text + row->at, row->n);
		if (own_n) {
			page_add(&s->piece, ",", 1);
			page_add(&s->piece, own, own_n);
		}
		page_add(&s->piece, "} ", 2);
		page_number(&s->piece, value);
		page_add(&s->piece, "\n", 1);
	}
}

/* Some more text in the piece; none at the end. */
static void write_piece(struct scrape *s)
{
	s->piece.n = s->piece_at = 0;
	while (s->next_table < s->tables && s->piece.n < PIECE_BYTES) {
		const struct metric *metric = &s->table[s->next_table][s->next_metric];

		if (!metric->name) {
			s->next_table++;
			s->next_metric = 0;
			continue;
		}
		if (!s->next_row && metric->help)
			metrics_head(&s->piece, metric->name, metric->help, metric->counter,
				     s->config.openmetrics);
		write_samples(s, metric);
		if (s->next_row == s->n) {
			s->next_row = 0;
			s->next_metric++;
			s->next_value++;
		}
	}
	if (s->next_table == s->tables && !s->ended) {
		page_add(&s->piece, s->tail.text, s->tail.n);
		s->ended = true;
	}
}

long scrape_read(struct scrape *s, char *to, size_t space)
{
	size_t n;

	if (s->piece_at == s->piece.n)
		write_piece(s);
	if (s->piece.failed)
		return -ENOMEM;
	n = s->piece.n - s->piece_at;
	if (n > space)
		n = space;
	memcpy(to, s->piece.text + s->piece_at, n);
	s->piece_at += n;
	return (long)n;
}
