// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom ls: one line per container, riskiest first; or one JSON document. Reads the board once. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "history_open.h"
#include "cli.h"
#include "fleet.h"
#include "json/json.h"
#include "listing.h"
#include "format/columns.h"
#include "format/table.h"

#define PAUSED_NAMES 3 /* of paused containers, below the table */

struct ls_options {
	bool json, all;
	const char *sort, *board, *history;
	uint64_t at_ns;
	struct fleet_options fleet;
};

static int parse_sort(const char *text, void *at)
{
	if (!column_find(text))
		return -EINVAL;
	*(const char **)at = text;
	return 0;
}

/* Stale figures are shown; the exit status says that no daemon updates them. */
int listing_warn(const struct snapshot *s)
{
	char warning[128];

	if (!s->health)
		return CLI_DONE;
	log_info("%s; %s", snapshot_warning(s, warning, sizeof(warning)), snapshot_remedy(s));
	return CLI_NO_DAEMON;
}

static size_t count_text(char *out, size_t bytes, size_t n, const char *one, const char *many,
			 const char *before)
{
	int used = n ? snprintf(out, bytes, "%s%zu %s", before, n, n == 1 ? one : many) : 0;

	return used < 0 || (size_t)used >= bytes ? 0 : (size_t)used;
}

/* "; paused: web, db" */
static void print_paused(FILE *out, const struct snapshot *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rows; i++) {
		if (!(s->rows[i].slot->flags & HR_SLOT_PAUSED))
			continue;
		if (n < PAUSED_NAMES)
			fprintf(out, "%s%s", n ? ", " : "; paused: ", s->rows[i].name);
		n++;
	}
	if (n > PAUSED_NAMES)
		fprintf(out, " and %zu more", n - PAUSED_NAMES);
}

/* "3 containers, 12 units, 4 others (9 more with --all): 11.2 GiB of 31.2 GiB used, headroom 20
 * GiB; 2 OOM kills" */
static void print_totals(FILE *out, const struct snapshot *s)
{
	char line[256] = "", total[UNITS_TEXT], used[UNITS_TEXT], headroom[UNITS_TEXT];
	const struct hr_host *host = &s->host;
	struct tally t = {0};
	size_t n = 0;

	for (size_t i = 0; i < s->n_rows; i++)
		tally_add(&t, s->rows[i].slot);
	n += count_text(line + n, sizeof(line) - n, t.containers, "container", "containers", "");
	n += count_text(line + n, sizeof(line) - n, t.units, "unit", "units", n ? ", " : "");
	n += count_text(line + n, sizeof(line) - n, t.others, "other", "others", n ? ", " : "");
	n += count_text(line + n, sizeof(line) - n, t.gone, "gone", "gone", n ? ", " : "");
	fprintf(out, "%s", n ? line : s->n_slots ? "no cgroup holds processes" : "no cgroups yet");
	if (s->n_slots > s->n_rows)
		fprintf(out, " (%zu more with --all)", s->n_slots - s->n_rows);
	if (host->mem_total != HR_UNKNOWN && host->mem_available <= hr_host_usable(host))
		fprintf(out, ": %s of %s used",
			units_bytes(hr_host_usable(host) - host->mem_available, used),
			units_bytes(hr_host_usable(host), total));
	if (host->headroom != HR_UNKNOWN)
		fprintf(out, ", headroom %s", units_bytes(host->headroom, headroom));
	if (s->oom_kills)
		fprintf(out, "; %llu OOM kill%s", (unsigned long long)s->oom_kills,
			s->oom_kills == 1 ? "" : "s");
	print_paused(out, s);
	fputc('\n', out);
}

void listing_print(FILE *out, const struct snapshot *s, size_t width, bool colour, bool ascii)
{
	struct table table;

	table_fit_rows(&table, columns_of_ls, s->rows, s->n_rows, width);
	table_print(out, &table, s->rows, s->n_rows, colour, ascii);
	print_totals(out, s);
}

/* Streamed, so that ten thousand containers need no tree of ten thousand: one a line. */
static int print_json(const struct snapshot *s)
{
	char time[CLOCK_TEXT];
	json_t *host = json_host(&s->host, &s->header, s->time_ns, s->health);
	int r = host ? 0 : -ENOMEM;

	clock_format_rfc3339(s->time_ns, time);
	printf("{\"schema\":\"headroom.snapshot/2\",\"time\":\"%s\",\n\"host\":", time);
	r |= json_dumpf(host, stdout, JSON_STYLE);
	json_decref(host);
	fputs(",\n\"containers\":[", stdout);
	for (size_t i = 0; i < s->n_rows && !r; i++) {
		json_t *container = json_container(s->rows[i].slot);

		fputs(i ? ",\n" : "\n", stdout);
		r |= json_dumpf(container, stdout, JSON_STYLE);
		json_decref(container);
	}
	puts("]}");
	return r ? -EIO : 0;
}

static int run(const void *values, char **arguments)
{
	const struct ls_options *options = values;
	_cleanup_(snapshot_done) struct snapshot s = {0};
	_cleanup_(fleet_closep) struct private_daemon *fleet = NULL;
	_cleanup_reader_ struct hr_reader *reader = NULL;
	const struct back back = {"ls", options->board, options->history, options->at_ns};
	int r;

	if (options->fleet.url) {
		r = fleet_open("ls", &options->fleet, options->board, &fleet, &reader);
		if (!r)
			r = cli_go_to_time("ls", reader, options->at_ns);
	} else {
		r = back_open(&back, 0, &reader);
	}
	if (r)
		return r;
	r = snapshot_load(&s, reader);
	if (!r)
		snapshot_paused(&s, s.slots, s.n_slots);
	if (!r)
		r = snapshot_select(&s, &(struct row_filter){.all = options->all});
	if (r) {
		log_error("cannot read %s: %s", hr_reader_path(reader), strerror(-r));
		return CLI_FAILED;
	}
	rows_sort(s.rows, s.n_rows, column_find(options->sort), false);
	if (!options->json) {
		listing_print(stdout, &s, cli_width(), cli_colour(),
			      isatty(STDOUT_FILENO) && cli_ascii());
	} else if (print_json(&s) && !ferror(stdout)) {
		log_error("out of memory");
		return CLI_FAILED;
	}
	if (hr_reader_torn(reader))
		log_info("%llu container%s skipped: the daemon was writing them",
			 (unsigned long long)hr_reader_torn(reader),
			 plural_s(hr_reader_torn(reader)));
	r = cli_flush();
	return r ? r : listing_warn(&s);
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct ls_options, json, "print one JSON document"),
	{.name = "sort",
	 .argument = "KEY",
	 .parse = parse_sort,
	 .offset = offsetof(struct ls_options, sort),
	 .help = "sort key (default risk)",
	 .word = column_id},
	OPTION_FLAG("all", struct ls_options, all, "include empty and gone ones, pods, sandboxes"),
	{.name = "at",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct ls_options, at_ns),
	 .help = "a time in the past, from history or a recording",
	 .wants = OPTION_WANTS_TIME},
	OPTION_FLEET(struct ls_options, fleet),
	OPTION_HISTORY(struct ls_options),
	OPTION_UTC,
	OPTION_BOARD(struct ls_options),
	{0},
};

static const struct ls_options defaults = {.sort = "risk"};

const struct command command_ls = {
	.name = "ls",
	.arguments = "",
	.summary = "List containers, riskiest first",
	.text = "Lists every container and unit, every other cgroup with processes, and gone ones\n"
		"that were OOM-killed recently. LIMITED BY is the limit that is reached first: "
		"self,\n"
		"parent or host; USED% is its non-reclaimable share; HEADROOM is what is left.\n"
		"Exit status 3: the data is stale, since the daemon is silent.\n",
	.options = specs,
	.defaults = &defaults,
	.options_bytes = sizeof(defaults),
	.run = run,
};
