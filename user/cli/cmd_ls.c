// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* headroom ls: one line per container, riskiest first; or one JSON document. Reads the board once. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "history_open.h"
#include "cgroup/pid_cgroup.h"
#include "cli.h"
#include "fleet.h"
#include "json/json.h"
#include "json/json_yaml.h"
#include "listing.h"
#include "format/columns.h"
#include "format/table.h"
#include "format/target_parse.h"

#define PAUSED_NAMES 3 /* of paused containers, below the table */
#define TARGETS_MOST 16
#define FOUND_MOST   256 /* matches of one TARGET */
#define WATCH_S      1

enum ls_output { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_YAML };
static const char *const outputs[] = {"table", "wide", "json", "csv", "yaml"};

struct ls_options {
	bool json, all, no_headers, watch;
	uint32_t output; /* enum ls_output */
	const char *sort, *columns, *board, *history;
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

static const char *output_word(size_t i) { return i < ARRAY_SIZE(outputs) ? outputs[i] : NULL; }

static int parse_output(const char *text, void *at)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(outputs); i++)
		if (!strcmp(outputs[i], text)) {
			*(uint32_t *)at = i;
			return 0;
		}
	return -EINVAL;
}

/* "name,used,risk" → column ids. Returns how many; -EINVAL: an unknown one, too many or none. */
static int split_columns(const char *text, const char *ret_ids[TABLE_COLUMNS + 1])
{
	size_t n = 0;

	for (const char *at = text; *at; at += *at == ',') {
		size_t bytes = strcspn(at, ","), i = 0;
		const char *id;

		while ((id = column_id(i)) && (strlen(id) != bytes || strncmp(id, at, bytes) != 0))
			i++;
		if (!id || n == TABLE_COLUMNS)
			return -EINVAL;
		ret_ids[n++] = id;
		at += bytes;
	}
	ret_ids[n] = NULL;
	return n ? (int)n : -EINVAL;
}

static int parse_columns(const char *text, void *at)
{
	const char *ids[TABLE_COLUMNS + 1];

	if (split_columns(text, ids) < 0)
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
	if (host_used(host) != HR_UNKNOWN)
		fprintf(out, ": %s of %s used", units_bytes(host_used(host), used),
			units_bytes(hr_host_usable(host), total));
	if (host->headroom != HR_UNKNOWN)
		fprintf(out, ", headroom %s", units_bytes(host->headroom, headroom));
	if (s->oom_kills)
		fprintf(out, "; %llu OOM kill%s", (unsigned long long)s->oom_kills,
			plural_s(s->oom_kills));
	print_paused(out, s);
	fputc('\n', out);
}

void listing_print(FILE *out, const struct snapshot *s, size_t width, bool colour, bool ascii)
{
	struct table table;

	table_fit_rows(&table, columns_of_ls, s->rows, s->n_rows, width);
	table_print(out, &table, s->rows, s->n_rows, true, colour, ascii);
	print_totals(out, s);
}

/* The columns asked for; without --columns those of the listing, or all where `all`. */
static void choose_columns(const struct ls_options *options, bool all,
			   const char *ret_ids[TABLE_COLUMNS + 1])
{
	size_t n = 0;

	if (options->columns) {
		split_columns(options->columns, ret_ids);
		return;
	}
	for (; all ? column_id(n) && n < TABLE_COLUMNS : columns_of_ls[n] != NULL; n++)
		ret_ids[n] = all ? column_id(n) : columns_of_ls[n];
	ret_ids[n] = NULL;
}

/* Numbers as bytes, shares and milliseconds without a unit; what is unknown is empty. */
static void print_csv(const struct ls_options *options, const struct snapshot *s)
{
	const char *ids[TABLE_COLUMNS + 1];
	char text[CELL_TEXT];

	choose_columns(options, true, ids);
	for (size_t i = 0; ids[i] && !options->no_headers; i++)
		printf("%s%s", ids[i], ids[i + 1] ? "," : "\n");
	for (size_t row = 0; row < s->n_rows; row++)
		for (size_t i = 0; ids[i]; i++) {
			const struct column *column = column_find(ids[i]);
			double value = column->value ? column->value(&s->rows[row]) : 0;

			if (column->value && !isnan(value))
				printf("%.15g", value);
			else if (!column->value)
				csv_text(stdout, column->format(&s->rows[row], text));
			putchar(ids[i + 1] ? ',' : '\n');
		}
}

static void print_table(const struct ls_options *options, const struct snapshot *s, bool targets)
{
	const char *ids[TABLE_COLUMNS + 1];
	struct table table;

	choose_columns(options, options->output == OUTPUT_WIDE, ids);
	table_fit_rows(&table, ids, s->rows, s->n_rows,
		       options->output == OUTPUT_WIDE || options->columns ? 0 : cli_width());
	table_print(stdout, &table, s->rows, s->n_rows, !options->no_headers, cli_colour(),
		    isatty(STDOUT_FILENO) && cli_ascii());
	if (!targets && !options->no_headers)
		print_totals(stdout, s);
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

/* The same document. */
static int print_yaml(const struct snapshot *s)
{
	char time[CLOCK_TEXT];
	json_t *head =
		json_pack("{so}", "host", json_host(&s->host, &s->header, s->time_ns, s->health));
	int r = 0;

	clock_format_rfc3339(s->time_ns, time);
	printf("schema: \"headroom.snapshot/2\"\ntime: \"%s\"\n", time);
	r = head ? json_print_yaml(head, stdout) : -ENOMEM;
	json_decref(head);
	puts(s->n_rows ? "containers:" : "containers: []");
	for (size_t i = 0; i < s->n_rows && !r; i++) {
		json_t *container = json_container(s->rows[i].slot);

		r = container ? json_print_yaml_item(container, stdout) : -ENOMEM;
		json_decref(container);
	}
	return r;
}

static int print_document(const struct ls_options *options, const struct snapshot *s)
{
	return options->output == OUTPUT_YAML ? print_yaml(s) : print_json(s);
}

/* Keeps the rows of the targets. */
static int keep_targets(struct snapshot *s, char **arguments)
{
	const struct hr_slot *found[FOUND_MOST];
	struct target target;
	size_t kept = 0;
	char clean[128];

	for (; *arguments; arguments++) {
		size_t n;

		text_clean(*arguments, SIZE_MAX, clean, sizeof(clean));
		if (target_parse(*arguments, &target)) {
			log_error("ls: invalid target '%s': give " TARGET_WANTS, clean);
			return CLI_USAGE;
		}
		if (target.by == TARGET_PID)
			pid_cgroup_memory("", target.pid, target.cgroup, sizeof(target.cgroup));
		n = target_find(&target, s->slots, s->n_slots, found, FOUND_MOST);
		if (!n) {
			log_error("ls: no match for '%s': see 'headroom ls --all'", clean);
			return CLI_FAILED;
		}
		for (size_t i = 0; i < n && i < FOUND_MOST; i++)
			for (size_t row = kept; row < s->n_rows; row++)
				if (s->rows[row].slot == found[i]) {
					struct row swapped = s->rows[kept];

					s->rows[kept++] = s->rows[row];
					s->rows[row] = swapped;
					break;
				}
	}
	s->n_rows = kept;
	return CLI_DONE;
}

static int show(const struct ls_options *options, struct hr_reader *reader, char **arguments)
{
	_cleanup_(snapshot_done) struct snapshot s = {0};
	int r = snapshot_load(&s, reader);

	if (!r)
		snapshot_paused(&s, s.slots, s.n_slots);
	if (!r)
		r = snapshot_select(&s, &(struct row_filter){.all = options->all || *arguments});
	if (r) {
		log_error("cannot read %s: %s", hr_reader_path(reader), strerror(-r));
		return CLI_FAILED;
	}
	r = *arguments ? keep_targets(&s, arguments) : CLI_DONE;
	if (r)
		return r;
	rows_sort(s.rows, s.n_rows, column_find(options->sort), false);
	if (options->output == OUTPUT_CSV)
		print_csv(options, &s);
	else if (options->output < OUTPUT_JSON && !options->json)
		print_table(options, &s, *arguments);
	else if (print_document(options, &s) && !ferror(stdout)) {
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

static int run(const void *values, char **arguments)
{
	const struct ls_options *options = values;
	_cleanup_(fleet_closep) struct private_daemon *fleet = NULL;
	_cleanup_reader_ struct hr_reader *reader = NULL;
	const struct back back = {"ls", options->board, options->history, options->at_ns};
	int r;

	if (options->fleet.url) {
		r = fleet_open("ls", &options->fleet, options->board, true, &fleet, &reader);
		if (!r)
			r = cli_go_to_time("ls", reader, options->at_ns);
	} else {
		r = back_open(&back, 0, &reader);
	}
	if (r)
		return r;
	if (options->watch && (options->at_ns || hr_reader_is_recording(reader))) {
		log_error("ls: --watch needs a running daemon's board, without --at");
		return CLI_USAGE;
	}
	for (;;) {
		if (options->watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		r = show(options, reader, arguments);
		if (!options->watch || r)
			return r;
		sleep(WATCH_S);
	}
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct ls_options, json, "print one JSON document"),
	{.name = "output",
	 .argument = "FORMAT",
	 .parse = parse_output,
	 .offset = offsetof(struct ls_options, output),
	 .help = "format, also -o (default table; wide: every column)",
	 .word = output_word},
	{.name = "columns",
	 .argument = "A,B",
	 .parse = parse_columns,
	 .offset = offsetof(struct ls_options, columns),
	 .help = "columns to show, in that order",
	 .word = column_id},
	OPTION_FLAG("no-headers", struct ls_options, no_headers, "rows alone"),
	OPTION_FLAG("watch", struct ls_options, watch, "print again every second"),
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
	.arguments = "[TARGET]...",
	.arguments_optional = TARGETS_MOST,
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
