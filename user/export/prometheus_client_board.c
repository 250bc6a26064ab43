// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Writes the collected samples to a board. Each container keeps its slot and its history between updates. The kind of a cgroup
 * and the binding limit are not exported; they are derived here.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/human_units.h"
#include "board/board.h"
#include "prometheus_client_internal.h"
#include "format/display_name.h"

#define LABEL_MAX 200

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

/* The kind of a cgroup is not exported; the labels nearly always determine it. */
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

/* Truncates a long label so that the others fit. */
static struct hr_str add_text(struct board_text *text, const struct row *row, enum text which)
{
	char cut[LABEL_MAX];

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

/* The binding limit is not exported: the container's own if it explains the headroom, else the host's. */
static void fill_binding(struct hr_slot *slot, const struct node *node)
{
	const struct hr_memory *m = &slot->memory;
	bool own = m->limit != HR_UNKNOWN && (m->headroom == HR_UNKNOWN || m->headroom <= m->limit);

	slot->binding = (struct hr_binding){.level = own ? HR_LEVEL_OWN : HR_LEVEL_HOST,
					    .limit = own ? m->limit
							 : prometheus_client_whole(node->mem_total),
					    .used = HR_UNKNOWN,
					    .pending = HR_UNKNOWN,
					    .unsorted = HR_UNKNOWN};
}

/* `first`: the board's first update, which the second one follows at once. */
static void fill_point(struct hr_slot *slot, const struct hr_board_header *header, bool first,
		       uint64_t now_ns)
{
	struct hr_history *h = &slot->history;
	const struct hr_memory *m = &slot->memory;
	struct hr_point point = {(uint32_t)((now_ns - header->created_ns) / (10 * NS_PER_MS)),
				 (uint32_t)(m->usage >> 10), (uint32_t)(m->unreclaimable >> 10),
				 (uint32_t)(m->headroom >> 10)};

	if (first || m->usage == HR_UNKNOWN || m->unreclaimable == HR_UNKNOWN ||
	    m->headroom == HR_UNKNOWN)
		return;
	h->fine[h->fine_count % HR_FINE] = point;
	if (h->fine_count++ % (60 / PROMETHEUS_CLIENT_INTERVAL_S) == 0)
		h->coarse[h->coarse_count++ % HR_COARSE] = point;
}

static void fill_slot(struct prometheus_client *client, struct board *board, const struct row *row,
		      uint32_t index, uint64_t now_ns)
{
	const struct node *node = &client->node[row->node];
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
	slot->forecast = client->host.forecast; /* all unknown but the risk */
	slot->forecast.risk_centi = UINT16_MAX;
	slot->oom_kills_total = slot->restarts = 0;
	prometheus_client_put(slot, row);
	fill_identity(slot, row, node, &text);
	fill_binding(slot, node);
	fill_point(slot, board_header(board), !board_host(board)->sweeps, now_ns);
	slot->text_used = text.used;
	slot->flags |= text.cut ? HR_SLOT_CUT : 0;
	board_slot_end(board, index);
}

static int compare_held(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

/* Frees the slots of containers without samples and takes slots for new ones. Grows the board first: growing does not copy a
 * slot that is taken but not yet filled. */
static int settle(struct prometheus_client *client, struct board *board, struct held *now)
{
	uint32_t capacity = board_capacity(board);
	int err = 0;

	if (capacity < client->rows) /* some more: containers come and go */
		capacity = (uint32_t)(client->rows + client->rows / 8);
	if (capacity > board_capacity(board))
		err = board_grow(board, capacity);
	for (size_t i = 0; i < client->n_held; i++)
		if (!bsearch(&client->held[i], now, client->rows, sizeof(*now), compare_held))
			board_slot_free(board, client->held[i].slot);
	for (size_t i = 0; i < client->rows && !err; i++) {
		const struct held *before = client->n_held
						    ? bsearch(&now[i], client->held, client->n_held,
							      sizeof(*now), compare_held)
						    : NULL;

		if (before)
			now[i].slot = before->slot;
		else
			err = board_slot_take(board, &now[i].slot);
	}
	return err;
}

__attribute__((format(printf, 2, 0))) static void add_note(struct hr_host *host, const char *format,
							   size_t n)
{
	size_t used = strlen(host->node);

	snprintf(host->node + used, sizeof(host->node) - used, format, n);
}

static void show_host(struct prometheus_client *client, struct board *board, uint64_t now_ns)
{
	uint64_t sweeps = board_host(board)->sweeps, started = board_host(board)->started_ns;
	struct hr_host *host = board_host_begin(board);
	uint32_t seq = host->seq;
	size_t silent = 0;

	for (size_t i = 0; i < client->nodes; i++)
		silent += !client->node[i].up;
	*host = client->host;
	host->seq = seq;
	snprintf(host->node, sizeof(host->node), "%zu node%s", client->nodes,
		 plural_s(client->nodes));
	if (client->partial) /* the text is cut at its end */
		add_note(host, ", incomplete", 0);
	if (client->total > client->most)
		add_note(host, ", %zu containers left out", client->total - client->rows);
	if (client->lost)
		add_note(host, ", %zu lost", client->lost);
	if (silent)
		add_note(host, ", %zu without a daemon heartbeat", silent);
	snprintf(host->version, sizeof(host->version), "%s", HEADROOM_VERSION);
	host->sampled_ns = now_ns;
	host->started_ns = started ?: now_ns;
	host->sweeps = sweeps + 1;
	host->interval_ms = PROMETHEUS_CLIENT_INTERVAL_S * 1000;
	host->containers = (uint32_t)client->rows;
	host->capacity = board_capacity(board);
	board_host_end(board);
}

int prometheus_client_show(struct prometheus_client *client, struct board *board, uint64_t now_ns)
{
	_cleanup_free_ struct held *now = calloc(client->rows + 1, sizeof(*now));
	_cleanup_free_ const struct row **row_of = calloc(client->rows + 1, sizeof(*row_of));
	int err;

	if (!now || !row_of)
		return -ENOMEM;
	for (size_t i = 0; i < client->rows; i++)
		now[i] = (struct held){.key = client->row[i].key, .slot = (uint32_t)i};
	qsort(now, client->rows, sizeof(*now), compare_held);
	for (size_t i = 0; i < client->rows; i++)
		row_of[i] = &client->row[now[i].slot];
	err = settle(client, board, now);
	if (err)
		return err;
	for (size_t i = 0; i < client->rows; i++)
		fill_slot(client, board, row_of[i], now[i].slot, now_ns);
	free(client->held);
	client->held = take_ptr(now);
	client->n_held = client->rows;
	show_host(client, board, now_ns);
	board_heartbeat(board);
	return 0;
}
