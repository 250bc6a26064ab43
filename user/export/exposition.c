// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Rows and their text. Cleans and escapes a container's labels once and copies them into each of its samples; keeps them
 * between scrapes while the slot's identity is unchanged.
 */
#include "exposition.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PIECE_BYTES (64u << 10) /* of text per piece */
#define NUMBER_MAX  40u
#define TABLES      2 /* ours and, if configured, cAdvisor's */

struct sample_row {
	uint64_t path; /* its hash */
	uint64_t appeared_ns, usage;
	bool gone, left_out;
	uint32_t at, n; /* of its labels, in the text of labels */
	double *value;  /* one per metric */
};

struct cached_labels {     /* of a slot */
	uint64_t identity; /* hash of the labels' sources */
	uint32_t at, n;
};

struct exposition_labels {
	struct body text;
	struct cached_labels *known; /* by slot */
	size_t space;
};

struct exposition {
	struct metrics_config config;
	const struct metric *table[TABLES];
	size_t tables, metrics; /* metrics in all of them */
	struct exposition_labels *before;
	struct exposition_labels now; /* the next scrape's `before` */
	struct sample_row *row;
	double *values; /* metrics of each row */
	size_t n, space;
	uint32_t *by_path; /* open addressing: row index + 1 */
	size_t paths;      /* a power of two, at least twice the room */
	bool failed;
	/* reading */
	struct body labels; /* a copy: the next scrape may begin while this one is read */
	struct body tail;   /* the text after the containers */
	struct body piece;
	size_t piece_at, next_table, next_metric, next_value, next_row;
	bool ended;
	struct exposition *of; /* a share: all but its reading belongs to this one */
	unsigned int users;    /* itself and its shares */
};

struct exposition_labels *exposition_labels_new(void)
{
	return calloc(1, sizeof(struct exposition_labels));
}

static void labels_done(struct exposition_labels *labels)
{
	body_done(&labels->text);
	free(labels->known);
	memset(labels, 0, sizeof(*labels));
}

void exposition_labels_free(struct exposition_labels *labels)
{
	if (labels)
		labels_done(labels);
	free(labels);
}

struct exposition *exposition_new(const struct metrics_config *config,
				  struct exposition_labels *labels)
{
	struct exposition *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config = *config;
	s->users = 1;
	s->before = labels;
	s->table[s->tables++] = metric_container;
	if (config->cadvisor)
		s->table[s->tables++] = metric_cadvisor;
	for (size_t i = 0; i < s->tables; i++)
		for (const struct metric *m = s->table[i]; m->name; m++)
			s->metrics++;
	return s;
}

void exposition_free(struct exposition *s)
{
	if (!s)
		return;
	if (s->of) {
		body_done(&s->piece);
		exposition_free(s->of);
		free(s);
		return;
	}
	if (--s->users)
		return;
	labels_done(&s->now);
	free(s->row);
	free(s->values);
	free(s->by_path);
	body_done(&s->labels);
	body_done(&s->tail);
	body_done(&s->piece);
	free(s);
}

struct exposition *exposition_share(struct exposition *whole)
{
	struct exposition *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = *whole;
	s->of = whole;
	whole->users++;
	return s;
}

/* ---- collecting ---- */

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
	/* A pod's figures are those of its containers, and a sandbox is a process that sleeps: sums count once. */
	if (slot->id.kind == HR_KIND_POD || slot->id.kind == HR_KIND_SANDBOX)
		return false;
	if (slot_gone(slot))
		return (slot->id.kind == HR_KIND_CONTAINER || slot->oom_kills_total) &&
		       (now_ns < slot->gone_ns || /* the clock was set back */
			now_ns - slot->gone_ns < METRICS_KEEP_S * NS_PER_SEC);
	return slot->id.kind == HR_KIND_CONTAINER || slot->id.kind == HR_KIND_UNIT ||
	       slot->flags & HR_SLOT_HAS_TASKS ||
	       slot->oom_kills_total; /* the kill may have emptied it, and must be counted */
}

/* Reallocates to n elements. */
static bool grow(void **array, size_t n, size_t bytes)
{
	void *bigger = reallocarray(*array, n, bytes);

	if (bigger)
		*array = bigger;
	return bigger;
}

static size_t find_path(const struct exposition *s, uint64_t path)
{
	size_t at = path & (s->paths - 1);

	while (s->by_path[at] && s->row[s->by_path[at] - 1].path != path)
		at = (at + 1) & (s->paths - 1);
	return at;
}

static bool make_space(struct exposition *s)
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

/* Copies the labels of the last scrape if the slot's identity is unchanged. */
static bool take_labels(struct exposition *s, const struct hr_slot *slot, uint32_t index,
			struct sample_row *row)
{
	const struct cached_labels *before =
		index < s->before->space ? &s->before->known[index] : NULL;
	uint64_t identity = identity_of(slot);
	struct body *text = &s->now.text;

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
		body_add(text, s->before->text.text + before->at, before->n);
	else
		metrics_labels(text, slot);
	row->n = (uint32_t)(text->n - row->at);
	s->now.known[index] = (struct cached_labels){identity, row->at, row->n};
	return !text->failed;
}

/* Whether a takes precedence over b, which has the same path. */
static bool comes_first(const struct sample_row *a, const struct sample_row *b)
{
	return a->gone != b->gone ? b->gone : a->appeared_ns > b->appeared_ns;
}

static void take_values(const struct exposition *s, const struct hr_slot *slot, size_t row)
{
	double *value = s->values + row * s->metrics;
	bool gone = slot_gone(slot);

	/* Of a gone container, only counters are meaningful. */
	for (size_t i = 0; i < s->tables; i++)
		for (const struct metric *m = s->table[i]; m->name; m++)
			*value++ = gone && !m->counter ? NAN : m->value(slot);
}

void exposition_add(struct exposition *s, const struct hr_slot *slot, uint32_t index,
		    uint64_t now_ns)
{
	const char *path = hr_slot_text(slot, slot->id.cgroup);
	struct sample_row row = {.appeared_ns = slot->appeared_ns,
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
	const struct sample_row *x = *(struct sample_row *const *)a,
				*y = *(struct sample_row *const *)b;

	return x->usage != y->usage ? (x->usage > y->usage ? -1 : 1)
				    : (x->path > y->path) - (x->path < y->path);
}

/* Omits the containers with the least memory. */
static size_t leave_out(struct exposition *s)
{
	_cleanup_free_ struct sample_row **order = NULL;

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

int exposition_close(struct exposition *s, const struct snapshot *head,
		     const struct metrics_extra *extra)
{
	metrics_write(&s->tail, head, leave_out(s), &s->config, extra);
	body_add(&s->labels, s->now.text.text, s->now.text.n);
	if (s->failed || s->tail.failed || s->labels.failed)
		return -ENOMEM;
	labels_done(s->before);
	*s->before = s->now;
	memset(&s->now, 0, sizeof(s->now));
	s->before = NULL;
	return 0;
}

/* ---- writing ---- */

static void write_samples(struct exposition *s, const struct metric *metric)
{
	size_t name = strcspn(metric->name, "{");
	const char *own = metric->name[name] ? metric->name + name + 1 : "";
	size_t own_n = *own ? strlen(own) - 1 : 0; /* without its brace */
	char begin[128];
	size_t begun = (size_t)snprintf(begin, sizeof(begin), "%.*s%s{", (int)name, metric->name,
					metric->counter ? "_total" : "");

	for (; s->next_row < s->n && s->piece.n < PIECE_BYTES; s->next_row++) {
		const struct sample_row *row = &s->row[s->next_row];
		double value = s->values[s->next_row * s->metrics + s->next_value];

		if (row->left_out || isnan(value))
			continue;
		body_reserve(&s->piece, begun + row->n + own_n + NUMBER_MAX);
		body_add(&s->piece, begin, begun);
		body_add(&s->piece, s->labels.text + row->at, row->n);
		if (own_n) {
			body_add(&s->piece, ",", 1);
			body_add(&s->piece, own, own_n);
		}
		body_add(&s->piece, "} ", 2);
		body_number(&s->piece, value);
		body_add(&s->piece, "\n", 1);
	}
}

/* Fills the piece with more text; leaves it empty at the end. */
static void write_piece(struct exposition *s)
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
			metrics_header(&s->piece, metric->name, metric->help, metric->counter,
				       s->config.openmetrics);
		write_samples(s, metric);
		if (s->next_row == s->n) {
			s->next_row = 0;
			s->next_metric++;
			s->next_value++;
		}
	}
	if (s->next_table == s->tables && !s->ended) {
		body_add(&s->piece, s->tail.text, s->tail.n);
		s->ended = true;
	}
}

long exposition_read(struct exposition *s, char *to, size_t space)
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
