// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A fleet on a board: each container keeps its slot from picture to picture, and a history of what was seen. What kind of a
 * cgroup it is, and whose limit binds, is not exported: it is concluded here.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "board/board.h"
#include "prometheus_client_internal.h"
#include "format/display_name.h"

#define LABEL_MOST 200

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

/* The exporter does not tell what kind of a cgroup it is; its labels do, nearly always. */
static enum hr_kind kind_of(const struct row *row)
{
	const char *id = row->text[TEXT_ID], *last = strrchr(id, '/');

	if (*row->text[TEXT_CONTAINER] || *row->text[TEXT_IMAGE])
		return HR_KIND_CONTAINER;
	if (*row->text[TEXT_POD])
		return HR_KIND_POD;
	if (ends_in(id, ".service") || (ends_in(id, ".scope") && !*row->text[TEXT_NAME]))
		return HR_KIND_UNIT;
	if (last && strspn(last + 1, "0123456789abcdef") == 64)
		return HR_KIND_CONTAINER;
	return HR_KIND_GROUP;
}

/* One that is far too long leaves room for the others. */
static struct hr_str add_text(struct board_text *text, const struct row *row, enum text which)
{
	char cut[LABEL_MOST];

	snprintf(cut, sizeof(cut), "%s", row->text[which]);
	return board_text_add(text, cut, false);
}

static void fill_identity(struct hr_slot *slot, const struct row *row, const struct node *node,
			  struct board_text *text)
{
	struct hr_identity *id = &slot->id;
	char label_text[NODE_TEXT + 32];

	*id = (struct hr_identity){.kind = (uint8_t)kind_of(row), .workload = row->key};
	snprintf(label_text, sizeof(label_text), HR_LABEL_NODE "=%s", node->name);
	slot->labels = board_text_add(text, label_text, false);
	id->name = add_text(text, row, TEXT_NAME);
	id->container = add_text(text, row, TEXT_CONTAINER);
	id->pod = add_text(text, row, TEXT_POD);
	id->namespace = add_text(text, row, TEXT_NAMESPACE);
	id->image = add_text(text, row, TEXT_IMAGE);
	id->cgroup = board_text_add(text, row->text[TEXT_ID], true);
	if (id->kind == HR_KIND_UNIT)
		id->unit = id->name.at ? id->name
				       : board_text_add(text, strrchr(row->text[TEXT_ID], '/') + 1,
							false);
}

/* Which limit binds is not exported: its own where it has one that is near enough, else the host's. */
static void fill_binding(struct hr_slot *slot, const struct node *node)
{
	const struct hr_memory *m = &slot->memory;
	bool own = m->limit != HR_UNKNOWN && (m->headroom == HR_UNKNOWN || m->headroom <= m->limit);

	slot->binding = (struct hr_binding){.level = own ? HR_LEVEL_OWN : HR_LEVEL_HOST,
					    .limit = own ? m->limit : fleet_whole(node->mem_total)};
}

static void fill_point(struct hr_slot *slot, const struct hr_board_header *header, uint64_t now_ns)
{
	struct hr_history *h = &slot->history;
	const struct hr_memory *m = &slot->memory;
	struct hr_point point = {(uint32_t)((now_ns - header->created_ns) / (10 * NS_PER_MS)),
				 (uint32_t)(m->usage >> 10), (uint32_t)(m->unreclaimable >> 10),
				 (uint32_t)(m->headroom >> 10)};

	if (m->usage == HR_UNKNOWN || m->unreclaimable == HR_UNKNOWN || m->headroom == HR_UNKNOWN)
		return;
	h->fine[h->fine_count % HR_FINE] = point;
	if (h->fine_count++ % (60 / FLEET_EVERY_S) == 0)
		h->coarse[h->coarse_count++ % HR_COARSE] = point;
}

static void fill_slot(struct fleet *fleet, struct board *board, const struct row *row,
		      uint32_t index, uint64_t now_ns)
{
	const struct node *node = &fleet->node[row->node];
	struct hr_slot *slot = board_slot_begin(board, index);
	struct board_text text;

	board_text_init(&text, slot, offsetof(struct hr_slot, text), sizeof(*slot));
	slot->state = HR_SLOT_RUNNING;
	slot->cgroup_id = row->key;
	slot->appeared_ns = slot->appeared_ns ?: now_ns;
	slot->started_ns = HR_UNKNOWN;
	slot->sampled_ns = now_ns;
	slot->flags = HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	slot->pids = HR_UNKNOWN_U32;
	memset(&slot->memory, 0xff, sizeof(slot->memory));
	memset(&slot->pressure, 0xff, sizeof(slot->pressure));
	memset(&slot->counts, 0xff, sizeof(slot->counts));
	memset(&slot->stalls, 0, sizeof(slot->stalls));
	slot->forecast = fleet->host.forecast; /* of which nothing but a risk is ever known */
	slot->forecast.risk_centi = UINT16_MAX;
	slot->oom_kills_total = slot->restarts = 0;
	fleet_put(slot, row);
	fill_identity(slot, row, node, &text);
	fill_binding(slot, node);
	fill_point(slot, board_header(board), now_ns);
	slot->text_used = text.used;
	slot->flags |= text.cut ? HR_SLOT_CUT : 0;
	board_slot_end(board, index);
}

static int compare_held(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* Who is no more in the answers loses its slot; who is new gets one. The board grows first: a slot that is taken and not yet
 * filled would not come along. */
static int settle(struct fleet *fleet, struct board *board, struct held *now)
{
	uint32_t capacity = board_capacity(board);
	int err = 0;

	while (capacity < fleet->rows)
		capacity *= 2;
	if (capacity > board_capacity(board))
		err = board_grow(board, capacity);
	for (size_t i = 0; i < fleet->n_held; i++)
		if (!bsearch(&fleet->held[i], now, fleet->rows, sizeof(*now), compare_held))
			board_slot_free(board, fleet->held[i].slot);
	for (size_t i = 0; i < fleet->rows && !err; i++) {
		const struct held *before = fleet->n_held
						    ? bsearch(&now[i], fleet->held, fleet->n_held,
							      sizeof(*now), compare_held)
						    : NULL;

		if (before)
			now[i].slot = before->slot;
		else
			err = board_slot_take(board, &now[i].slot);
	}
	return err;
}

static void show_host(struct fleet *fleet, struct board *board, uint64_t now_ns)
{
	uint64_t sweeps = board_host(board)->sweeps, started = board_host(board)->started_ns;
	struct hr_host *host = board_host_begin(board);
	uint32_t seq = host->seq;
	size_t silent = 0;

	for (size_t i = 0; i < fleet->nodes; i++)
		silent += !fleet->node[i].up;
	*host = fleet->host;
	host->seq = seq;
	snprintf(host->node, sizeof(host->node), "%zu node%s", fleet->nodes,
		 fleet->nodes == 1 ? "" : "s");
	if (silent)
		snprintf(host->node + strlen(host->node), sizeof(host->node) - strlen(host->node),
			 ", %zu with a silent guard", silent);
	snprintf(host->version, sizeof(host->version), "%s", HEADROOM_VERSION);
	host->sampled_ns = now_ns;
	host->started_ns = started ?: now_ns;
	host->sweeps = sweeps + 1;
	host->interval_ms = FLEET_EVERY_S * 1000;
	host->containers = (uint32_t)fleet->rows;
	host->capacity = board_capacity(board);
	board_host_end(board);
}

int fleet_show(struct fleet *fleet, struct board *board, uint64_t now_ns)
{
	_cleanup_free_ struct held *now = calloc(fleet->rows + 1, sizeof(*now));
	_cleanup_free_ const struct row **row_of = calloc(fleet->rows + 1, sizeof(*row_of));
	int err;

	if (!now || !row_of)
		return -ENOMEM;
	for (size_t i = 0; i < fleet->rows; i++)
		now[i] = (struct held){.key = fleet->row[i].key, .slot = (uint32_t)i};
	qsort(now, fleet->rows, sizeof(*now), compare_held);
	for (size_t i = 0; i < fleet->rows; i++)
		row_of[i] = &fleet->row[now[i].slot];
	err = settle(fleet, board, now);
	if (err)
		return err;
	for (size_t i = 0; i < fleet->rows; i++)
		fill_slot(fleet, board, row_of[i], now[i].slot, now_ns);
	free(fleet->held);
	fleet->held = take_ptr(now);
	fleet->n_held = fleet->rows;
	show_host(fleet, board, now_ns);
	board_heartbeat(board);
	return 0;
}
