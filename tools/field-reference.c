// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Prints docs/reference/fields.md, the reference of measured fields, from include/headroom/fields.def. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT(...)      #__VA_ARGS__
#define CELL_TEXT(...) TEXT(__VA_ARGS__)

struct entry {
	const char *kind, *meaning;
	const char *bpf, *v2, *v1, *key, *metric,
		*otel; /* the cell's arguments as they stand there */
};

#define ENTRY(name_, unit_, kind_, meaning_, bpf_, v2_, v1_, key_, metric_, otel_, ...) \
	{.kind = #kind_,                                                                \
	 .meaning = meaning_,                                                           \
	 .bpf = HR_APPLY(CELL_TEXT, bpf_),                                              \
	 .v2 = HR_APPLY(CELL_TEXT, v2_),                                                \
	 .v1 = HR_APPLY(CELL_TEXT, v1_),                                                \
	 .key = HR_APPLY(CELL_TEXT, key_),                                              \
	 .metric = HR_APPLY(CELL_TEXT, metric_),                                        \
	 .otel = HR_APPLY(CELL_TEXT, otel_)},
#define HR_MEMORY ENTRY
static const struct entry memory[] = {
#include <headroom/fields.def>
};
#define HR_MEMORY(...)
#define HR_EVENT   ENTRY
#define HR_COUNTER ENTRY
static const struct entry counts[] = {
#include <headroom/fields.def>
};

/* The words of a cell without its quotes and commas, as code: `"a", "b"` → `a` + `b`. */
static void code(const char *text, const char *between)
{
	bool first = true;

	while (*(text += strspn(text, ", \""))) {
		size_t n = *(text - 1) == '"' ? strcspn(text, "\"") : strcspn(text, ",");

		printf("%s`%.*s`", first ? "" : between, (int)n, text);
		text += n;
		first = false;
	}
}

/* A cell FROM_BPF, FROM_V2 or FROM_V1. */
static void source(const char *cell)
{
	static const struct {
		const char *how, *prefix, *between;
	} hows[] = {
		{"STAT", "`memory.stat` ", " + "},
		{"STAT_SUM", "`memory.stat` ", " + "},
		{"EVENTS", "`memory.events` ", " + "},
		{"PAGE_COUNTER", "`memory` counter ", ""},
	};
	size_t n = strcspn(cell, ",");
	const char *prefix = "", *between = " + ";

	if (!strncmp(cell, "NONE", n)) {
		fputs("–", stdout);
		return;
	}
	if (!strncmp(cell, "OWN", n)) {
		printf("%.*s", (int)strlen(cell + n) - 4, cell + n + 3);
		return;
	}
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (n == strlen(hows[i].how) && !strncmp(cell, hows[i].how, n))
			prefix = hows[i].prefix, between = hows[i].between;
	fputs(prefix, stdout);
	code(cell + n, between);
}

static void metric(const struct entry *e)
{
	char name[128];
	size_t n = strlen(e->metric);

	if (!n) {
		fputs("–", stdout);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)n - 2, e->metric + 1);
	printf("`headroom_container_%s%s`", name, strcmp(e->kind, "COUNTER") ? "" : "_total");
}

static void table(const char *title, const struct entry *entry, size_t n)
{
	printf("\n## %s\n\n| Key | Meaning | BPF | cgroup v2 | cgroup v1 | Metric | OpenTelemetry "
	       "|\n"
	       "|---|---|---|---|---|---|---|\n",
	       title);
	for (const struct entry *e = entry; e < entry + n; e++) {
		fputs("| ", stdout);
		code(e->key + strcspn(e->key, ",") + 1, " ");
		printf("%s | %s | ", strncmp(e->key, "CSV", 3) ? "" : " (CSV only)", e->meaning);
		source(e->bpf);
		fputs(" | ", stdout);
		source(e->v2);
		fputs(" | ", stdout);
		source(e->v1);
		fputs(" | ", stdout);
		metric(e);
		fputs(" | ", stdout);
		if (*e->otel)
			code(e->otel + strcspn(e->otel, ",") + 1, " ");
		else
			fputs("–", stdout);
		fputs(" |\n", stdout);
	}
}

int main(void)
{
	puts("# Measured fields\n\n"
	     "What headroom measures of each cgroup, and from where. `tools/field-reference` "
	     "writes this page from\n"
	     "`include/headroom/fields.def`, the one table that the board, the samples, JSON, CSV "
	     "series, metrics and columns\n"
	     "are made of, too. [accounting.md](accounting.md) has the definitions. Keys stand in "
	     "`headroom ls --json` and\n"
	     "in CSV series for `headroom replay`.");
	table("Memory (bytes)", memory, sizeof(memory) / sizeof(memory[0]));
	table("Events and counters", counts, sizeof(counts) / sizeof(counts[0]));
	return 0;
}
