// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One piece of work of the daemon or the exporter, N times and nothing else, for tests/cost/run, which counts instructions: what
 * N + M times take beyond N times is the cost of M. The same input on every run.
 *
 *	unit-cost WORK N	parse | account | forecast | scrape
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headroom/board.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "board/board.h"
#include "collect/accounting.h"
#include "collect/cgroup_files.h"
#include "export/exposition.h"
#include "forecast/forecast.h"

#define MIB       (1ULL << 20)
#define STARTED   1767225600000000000ULL /* 2026-01-01T00:00:00Z */
#define STAT_TEXT 8192

static uint32_t noise(uint32_t *x) { return (*x = *x * 1664525u + 1013904223u) >> 8; }

/* memory.stat of a container, N times. */
static int parse(unsigned int n)
{
	const struct memfiles *m = memfiles_of(CGROUP_V2);
	const struct memfile *stat = &m->file[m->count - 1];
	char text[STAT_TEXT];
	struct reading reading;
	FILE *file = fopen(
		"tests/fixtures/cgroup-v2/6.12/sys/fs/cgroup/kubepods/pod1/web/memory.stat", "re");
	size_t bytes = file ? fread(text, 1, sizeof(text), file) : 0;

	if (!bytes)
		return 1;
	fclose(file);
	for (unsigned int i = 0; i < n; i++) {
		reading_init(&reading);
		reading_take(&reading, stat, text, bytes);
		reading_finish(&reading, CGROUP_V2);
	}
	return reading.s.flags & SAMPLE_STAT ? 0 : 1;
}

/* What binds N groups, three levels deep. */
static int account(unsigned int n)
{
	struct memcg_sample *rows = calloc(n, sizeof(*rows));
	struct account *accounts = calloc(n, sizeof(*accounts));
	int *parent = calloc(n, sizeof(*parent));
	struct host_sample host = {.mem_total = 16384 * MIB, .mem_available = 9000 * MIB};
	uint32_t x = 1;

	if (!rows || !accounts || !parent)
		return 1;
	for (unsigned int i = 0; i < n; i++) {
		memset(&rows[i], 0xff, sizeof(rows[i]));
		rows[i].id = i + 1;
		rows[i].level = i ? 1 + (i % 4 > 0) : 0;
		rows[i].parent_id = i % 4 ? i - i % 4 + 1 : 0;
		rows[i].flags = SAMPLE_STAT | SAMPLE_POPULATED;
		rows[i].usage = (noise(&x) % 512) * MIB;
		rows[i].limit = i % 3 ? 512 * MIB : RECORD_UNKNOWN;
		rows[i].anon = rows[i].usage / 2;
		rows[i].file = rows[i].inactive_file = rows[i].usage / 4;
		rows[i].active_file = rows[i].file_dirty = rows[i].file_writeback = 0;
		rows[i].shmem = rows[i].swap = 0;
	}
	account_path(rows, n, &host, parent, accounts);
	free(parent);
	free(rows);
	free(accounts);
	return 0;
}

/* N seconds of a container that leaks and breathes. */
static int forecast(unsigned int n)
{
	struct forecast_state state;
	struct forecast_input in;
	struct hr_forecast out = {0};
	uint32_t x = 7;

	forecast_init(&state);
	forecast_input_init(&in);
	in.limit = 2048 * MIB;
	in.headroom = HR_UNKNOWN;
	for (unsigned int i = 0; i < n; i++) {
		in.t_ns = (i + 1) * NS_PER_SEC;
		in.usage = in.unreclaimable = (300 + i / 8 + i % 30 * 4) * MIB + noise(&x) % MIB;
		in.anon = in.usage / 2;
		forecast_update(&state, &in, &out);
	}
	return out.drift_bytes_per_second == HR_UNKNOWN_I64;
}

static void fill_slot(struct hr_slot *slot, unsigned int i)
{
	struct board_text text;
	char path[128], name[32];

	snprintf(path, sizeof(path), "/system.slice/docker-%064x.scope", i);
	snprintf(name, sizeof(name), "web-%u", i);
	memset(slot, 0, sizeof(*slot));
	board_text_init(&text, slot, offsetof(struct hr_slot, text), sizeof(*slot));
	slot->state = HR_SLOT_RUNNING;
	slot->cgroup_id = 100 + i;
	slot->appeared_ns = STARTED - i;
	slot->id.kind = HR_KIND_CONTAINER;
	slot->id.cgroup = board_text_add(&text, path, true);
	slot->id.name = board_text_add(&text, name, false);
	slot->memory.usage = slot->memory.unreclaimable = (i % 900 + 1) * MIB + i;
	slot->memory.limit = 1024 * MIB;
	slot->text_used = text.used;
}

/* A scrape of N containers; prints how many lines it has, all but some a series. */
static int scrape(unsigned int n)
{
	struct metrics_config config = {.most = n, .cadvisor = true};
	struct metrics_extra extra = {.actions = 0};
	struct snapshot head = {.time_ns = STARTED};
	struct exposition_labels *labels = exposition_labels_new();
	struct exposition *whole = labels ? exposition_new(&config, labels) : NULL;
	static char buffer[1 << 16];
	unsigned int series = 0;
	struct hr_slot slot;
	long got;

	if (!whole)
		return 1;
	for (unsigned int i = 0; i < n; i++) {
		fill_slot(&slot, i);
		exposition_add(whole, &slot, i, STARTED);
	}
	if (exposition_close(whole, &head, &extra))
		return 1;
	while ((got = exposition_read(whole, buffer, sizeof(buffer))) > 0) {
		const char *at = buffer, *end = buffer + got;

		for (; (at = memchr(at, '\n', (size_t)(end - at))); at++)
			series++;
	}
	printf("%u\n", series);
	exposition_free(whole);
	exposition_labels_free(labels);
	return got < 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(unsigned int n);
	} works[] = {
		{"parse", parse}, {"account", account}, {"forecast", forecast}, {"scrape", scrape}};

	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(works); i++)
		if (!strcmp(argv[1], works[i].name))
			return works[i].run((unsigned int)atoi(argv[2]));
	fputs("usage: unit-cost parse|account|forecast|scrape N\n", stderr);
	return 2;
}
