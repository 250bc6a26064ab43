// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom events: the events of the board or a recording, oldest first, as lines or JSON; with --follow also new ones: the daemon
 * wakes it, and it looks by itself five times a second.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/human_units.h"
#include "history_open.h"
#include "cli.h"
#include "json/json.h"
#include "command/signals.h"
#include "base/utf8_clean.h"
#include "cgroup/pid_cgroup.h"
#include "format/event_line.h"
#include "format/snapshot.h"
#include "format/table.h"
#include "format/target_parse.h"

#define LOOK_EVERY_NS (200 * NS_PER_MS)

struct events_options {
	bool json, follow;
	uint32_t types;              /* bit per enum hr_event_type; 0: all */
	uint64_t since_ns, until_ns; /* until_ns 0: no end */
	const char *board, *history;
};

struct stream {
	const struct events_options *options;
	struct hr_reader *reader;
	char node[64];
	uint64_t emitted_missed;
	bool history; /* reading history */
	uint64_t instance,
		last_seq; /* the newest event of the history: the board continues after it */
	bool colour, ascii, silent;
	const char *typed; /* the TARGET; NULL: all events */
	bool host;         /* it is the host */
	struct target target;
	bool known, printed; /* some event was of the target; some was printed */
	_Alignas(8) char record[HR_EVENT_MAX_BYTES];
};

static const char *type_word(size_t i)
{
	return hr_event_type_name((unsigned int)i + 1); /* the first is padding */
}

static int parse_types(const char *text, void *at)
{
	uint32_t types = 0;

	for (size_t n; *text; text += n + (text[n] == ',')) {
		char word[32] = "";
		unsigned int type;

		n = strcspn(text, ",");
		if (!n || n >= sizeof(word))
			return -EINVAL;
		memcpy(word, text, n);
		if (hr_event_type_parse(word, &type))
			return -EINVAL;
		types |= 1u << type;
	}
	*(uint32_t *)at = types;
	return types ? 0 : -EINVAL;
}

static void print_sentence(const struct stream *s, const struct hr_event *event)
{
	static const char *const on[] = {[HR_WARNING] = "\033[33m", [HR_CRITICAL] = "\033[1;31m"};
	bool colour = s->colour && event->severity < ARRAY_SIZE(on) && on[event->severity];
	char text[EVENT_LINE_TEXT];

	event_line(event, clock_wall_ns(), text);
	printf("%s%s%s\n", colour ? on[event->severity] : "", s->ascii ? text_ascii(text) : text,
	       colour ? "\033[0m" : "");
}

/* ---- the target ---- */

static int parse_target(struct stream *s, const char *typed)
{
	char clean[128];

	s->typed = typed;
	s->host = typed && !strcmp(typed, "host");
	if (!typed || s->host)
		return CLI_DONE;
	if (target_parse(typed, &s->target)) {
		log_error("events: invalid target '%s': give " TARGET_WANTS ", or host",
			  text_clean(typed, SIZE_MAX, clean, sizeof(clean)));
		return CLI_USAGE;
	}
	if (s->target.by == TARGET_PID)
		pid_cgroup_memory("", s->target.pid, s->target.cgroup, sizeof(s->target.cgroup));
	return CLI_DONE;
}

static bool is_wanted(struct stream *s, const struct hr_event *event)
{
	if (!s->typed)
		return true;
	if (s->host ? event->cgroup_id != 0 : !target_fits_event(&s->target, event))
		return false;
	s->known = true;
	return true;
}

/* Whether a container of that name is known, although no event is about it. */
static bool is_listed(struct stream *s)
{
	struct snapshot snapshot = {0};
	bool found = false;

	if (s->reader && !snapshot_load(&snapshot, s->reader))
		for (size_t i = 0; i < snapshot.n_slots && !found; i++)
			found = target_fits(&s->target, &snapshot.slots[i]) != 0;
	snapshot_done(&snapshot);
	return found;
}

/* A target without a printed event: a line, and an error if nothing here has that name. */
static int describe_none(struct stream *s)
{
	char clean[128];

	if (!s->typed || s->printed)
		return CLI_DONE;
	text_clean(s->typed, SIZE_MAX, clean, sizeof(clean));
	if (s->host || s->known || is_listed(s)) {
		log_info("no such events of '%s'", clean);
		return CLI_DONE;
	}
	log_error("events: no match for '%s': see 'headroom ls --all'", clean);
	return CLI_FAILED;
}

/* ---- printing ---- */

static int print_event(struct stream *s)
{
	const struct hr_event *event = (const void *)s->record;
	const struct events_options *options = s->options;
	json_t *object;
	int r;

	if (s->history) {
		s->instance = event->instance;
		s->last_seq = event->seq;
	}
	if (!is_wanted(s, event))
		return 0;
	if (event->time_ns < options->since_ns ||
	    (options->until_ns && event->time_ns > options->until_ns))
		return 0;
	if (!s->history && event->instance == s->instance && event->seq <= s->last_seq)
		return 0;
	if (options->types && (event->type >= 32 || !(options->types & 1u << event->type)))
		return 0;
	s->printed = true;
	if (!options->json) {
		print_sentence(s, event);
		return 0;
	}
	object = json_event(event, s->node);
	r = object ? json_dumpf(object, stdout, JSON_STYLE) : -1;
	json_decref(object);
	fputc('\n', stdout);
	return r && !ferror(stdout) ? -ENOMEM : 0;
}

/* Missed events that may be of the types asked for. */
static uint64_t missed_of_types(const struct stream *s)
{
	bool asked[HR_RINGS] = {false};

	for (unsigned int type = 1; type < HR_EVENT_COUNT; type++)
		asked[hr_event_ring((uint16_t)type)] |=
			!s->options->types || s->options->types & 1u << type;
	if (asked[HR_RING_KEEP] && asked[HR_RING_CHATTER])
		return hr_reader_missed(s->reader);
	return hr_reader_missed_in(s->reader, asked[HR_RING_KEEP] ? HR_RING_KEEP : HR_RING_CHATTER);
}

/* One line for all that were missed since the last one. */
static void describe_missed(struct stream *s)
{
	uint64_t missed = missed_of_types(s), new = missed - s->emitted_missed;

	if (new)
		log_info("%s%llu event%s%s missed: overwritten before %s read",
			 s->options->types ? "up to " : "", (unsigned long long)new, plural_s(new),
			 s->options->types ? " of these types" : "",
			 new == 1 ? "it was" : "they were");
	s->emitted_missed = missed;
}

/* All present events. 0, or -errno of a read error. */
static int drain(struct stream *s)
{
	int r;

	do {
		r = hr_reader_next_event(s->reader, (struct hr_event *)s->record,
					 sizeof(s->record));
		if (!r)
			r = print_event(s);
	} while (!r || r == -EOVERFLOW);
	return r == -ENODATA || r == -EAGAIN ? 0 : r;
}

static void learn_node(struct stream *s)
{
	struct hr_host host;

	if (!hr_reader_host(s->reader, &host))
		memcpy(s->node, host.node, sizeof(s->node));
}

static int drain_recording(struct stream *s)
{
	int r;

	while (!(r = hr_reader_next_frame(s->reader))) {
		uint64_t time = hr_reader_frame_time(s->reader);
		bool before = time < s->options->since_ns;

		learn_node(s);
		r = drain(s);
		if (before) /* what was missed then was not asked for */
			s->emitted_missed = missed_of_types(s);
		if (r)
			break;
	}
	describe_missed(s);
	return r == -ENODATA ? 0 : r;
}

static void describe_health(struct stream *s)
{
	char age[UNITS_TEXT];
	uint64_t age_ns;
	bool silent =
		hr_reader_health(s->reader, &age_ns) == -ESTALE; /* also switches to a new board */

	if (silent && !s->silent)
		log_info("daemon silent for %s: no new events until headroomd runs",
			 units_age_ns(age_ns, age));
	else if (!silent && s->silent)
		log_info("daemon running again");
	s->silent = silent;
}

static int follow(struct stream *s)
{
	struct pollfd out = {.fd = STDOUT_FILENO}; /* detects that its reader closed */
	int r = 0;

	signals_catch();
	while (!r && !signals_caught()) {
		describe_health(s);
		learn_node(s);
		r = drain(s);
		describe_missed(s);
		if (r == -EBADMSG) { /* the reader has skipped it */
			log_info("some damaged events were skipped");
			r = 0;
		}
		if (cli_flush() || ferror(stdout))
			return 0;
		if (!r)
			signals_wait_event(s->reader, LOOK_EVERY_NS);
		if (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0;
	}
	return r;
}

/* ---- history ---- */

static uint64_t to_ns(const struct events_options *options)
{
	return options->until_ns ? options->until_ns : UINT64_MAX;
}

static int drain_history(struct stream *s, struct hr_reader *history)
{
	struct hr_reader *board = s->reader;
	uint64_t emitted = s->emitted_missed;
	int r;

	s->reader = history;
	s->emitted_missed = 0;
	s->history = true;
	r = drain_recording(s);
	s->history = false;
	s->reader = board;
	s->emitted_missed = emitted;
	return r == -EBADMSG ? 0
			     : r; /* damaged events are skipped; the board continues after them */
}

/* Whether the board holds all events since then. */
static bool board_reaches(const struct stream *s)
{
	struct hr_board_header header;

	hr_reader_header(s->reader, &header);
	return header.created_ns <= s->options->since_ns && !header.ring_tail[HR_RING_KEEP] &&
	       !header.ring_tail[HR_RING_CHATTER];
}

/* Asked for: by a time, or by a target of which the board may hold none any more. */
static bool wants_history(const struct stream *s)
{
	return s->options->since_ns || (s->typed && !s->options->board);
}

/* The recorder's history; without one, a line that says how to enable it. */
static int print_history(struct stream *s)
{
	const struct events_options *options = s->options;
	_cleanup_reader_ struct hr_reader *history = NULL;
	char error[STORE_ERROR];
	int r;

	if (!wants_history(s) || board_reaches(s))
		return 0;
	r = store_events(NULL, options->since_ns, to_ns(options), &history, error);
	if (!r)
		return drain_history(s, history);
	if (r == -ENOENT && !options->since_ns)
		return 0;
	if (r == -ENOENT)
		log_info("older events may be missing: history is not enabled: start "
			 "headroom-recorder");
	else if (r != -ENODATA)
		log_info("older events may be missing: cannot read history: %s", error);
	return 0;
}

static int run_history(struct stream *s)
{
	const struct back back = {.command = "events", .history = s->options->history};
	_cleanup_reader_ struct hr_reader *history = NULL;
	int r = back_store(&back, true, s->options->since_ns, to_ns(s->options), &history);

	if (r)
		return r == -EACCES || r == -EPERM ? CLI_NOT_PERMITTED : CLI_FAILED;
	r = drain_history(s, history);
	if (r) {
		log_error("events: cannot read events: %s", strerror(-r));
		return CLI_FAILED;
	}
	r = cli_flush();
	return r ? r : describe_none(s);
}

static int run(const void *values, char **arguments)
{
	_cleanup_reader_ struct hr_reader *reader = NULL;
	struct stream s = {.options = values,
			   .colour = cli_colour(),
			   .ascii = isatty(STDOUT_FILENO) && cli_ascii()};
	int r = parse_target(&s, arguments[0]);

	if (r)
		return r;
	if (wants_history(&s) || s.options->history)
		confine_set(COMMAND_WRITES);
	if (s.options->history)
		return run_history(&s);
	r = cli_open(s.options->board, &reader);
	if (r)
		return r;
	s.reader = reader;
	if (hr_reader_is_recording(reader)) {
		r = drain_recording(&s);
	} else {
		r = print_history(&s);
		if (!r && s.options->follow) {
			r = follow(&s);
			s.silent = false;
		} else if (!r) {
			learn_node(&s);
			r = drain(&s);
			describe_missed(&s);
			describe_health(&s);
		}
	}
	if (r) {
		log_error("%s: cannot read events: %s", hr_reader_path(reader),
			  r == -EBADMSG ? "the rest is damaged" : strerror(-r));
		return CLI_FAILED;
	}
	r = cli_flush();
	if (!r && !s.options->follow)
		r = describe_none(&s);
	return r ? r : s.silent ? CLI_NO_DAEMON : CLI_DONE;
}

static const struct option_spec specs[] = {
	OPTION_FLAG("json", struct events_options, json, "one JSON object per line"),
	OPTION_FLAG("follow", struct events_options, follow, "wait for new events"),
	{.name = "since",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct events_options, since_ns),
	 .help = "start time: 03:10, yesterday, '1 hour ago', ...",
	 .wants = OPTION_WANTS_TIME},
	{.name = "until",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct events_options, until_ns),
	 .help = "end time",
	 .wants = OPTION_WANTS_TIME},
	{.name = "type",
	 .argument = "TYPE,...",
	 .parse = parse_types,
	 .offset = offsetof(struct events_options, types),
	 .help = "event types",
	 .word = type_word},
	OPTION_HISTORY(struct events_options),
	OPTION_UTC,
	OPTION_BOARD(struct events_options),
	{0},
};

const struct command command_events = {
	.name = "events",
	.arguments = "[TARGET]",
	.summary = "Print OOM kills, alarms, actions and other events",
	.text = "Prints the events of the board, oldest first; with --since or a TARGET also "
		"those\n"
		"of the recorder's history. TARGET is a name (as in ls), an id prefix (4 digits "
		"or\n"
		"more), pod:NAMESPACE/POD[/CONTAINER], unit:NAME, cgroup:PATH (and those below),\n"
		"pid:N (also a killed one), or host. Missed events are counted on stderr.\n",
	.arguments_optional = 1,
	.options = specs,
	.options_bytes = sizeof(struct events_options),
	.run = run,
};
