// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * headroom top: the interactive monitor, on the running daemon or on one that it starts. Into a pipe it prints the plain table
 * once. Here are board, clock and signals; tui/ draws.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "control_client.h"
#include "history_open.h"
#include "cli.h"
#include "fleet.h"
#include "listing.h"
#include "private_daemon.h"
#include "command/signals.h"
#include "tui/settings.h"
#include "tui/terminal.h"
#include "tui/top.h"

#define REFRESH_NS NS_PER_SEC
#define ANSWER_NS  (60 * NS_PER_SEC) /* a write to memory.reclaim can take long */
#define PLAY_NS    (100 * NS_PER_MS) /* while playing the past */

struct top_options {
	const char *board, *replay, *history;
	uint64_t at_ns;
	struct fleet_options fleet;
};

struct session {
	struct hr_reader *reader;
	struct private_daemon *daemon; /* NULL: not started by us */
	struct data_source source;
	struct snapshot snapshot;
	struct screen_buffer screen_buffer;
	struct top top;
	struct settings settings;
	enum top_colours colours; /* NO_COLOR and the settings */
	/* the terminal's */
	enum top_palette palette;
	bool mouse;
	int asked_fd; /* an action was requested, without an answer yet; -1: none */
};

static void session_done(struct session *session)
{
	terminal_close();
	if (session->asked_fd >= 0)
		close(session->asked_fd);
	top_done(&session->top);
	screen_buffer_done(&session->screen_buffer);
	snapshot_done(&session->snapshot);
	data_source_done(&session->source);
	hr_reader_close(session->reader);
	private_daemon_end(session->daemon);
}

static int start_own(struct session *session)
{
	char error[256] = "";
	int r;

	if (geteuid() != 0) {
		log_error("no daemon running: start headroomd, or run as root");
		return CLI_NO_DAEMON;
	}
	if (isatty(STDOUT_FILENO))
		log_info("no daemon running: starting one until top exits");
	signals_catch();
	r = private_daemon_start(NULL, &session->daemon, error);
	if (!r)
		return cli_open(private_daemon_board(session->daemon), &session->reader);
	if (r == -EINTR)
		return CLI_FAILED;
	if (r == -ECHILD)
		log_error("the started daemon exited: %s", error);
	else if (r == -ENOENT)
		log_error("no daemon running, and headroomd not found beside this program or in "
			  "PATH");
	else
		log_error("no daemon running, and cannot start one: %s", strerror(-r));
	return CLI_NO_DAEMON;
}

/* A board given by name is used as it is. At the default path, a board with a silent daemon counts as none. */
static int open_session(struct session *session, const struct top_options *options)
{
	const char *board = options->replay ? options->replay : options->board;
	bool named = board || secure_getenv("HEADROOM_BOARD");
	int r;

	if (options->fleet.url)
		return fleet_open("top", &options->fleet, board, !isatty(STDOUT_FILENO),
				  &session->daemon, &session->reader);
	r = hr_reader_open(board, &session->reader);
	if (r && (r != -ENOENT || named))
		return cli_open(board, &session->reader);
	if (!r && !named && hr_reader_health(session->reader, NULL) == -ESTALE && !geteuid()) {
		hr_reader_close(take_ptr(session->reader));
		r = -ENOENT;
	}
	if (r)
		return start_own(session);
	confine_now();
	return CLI_DONE;
}

/* --replay starts at the begin of a recording, --board shows its end. */
static const struct data_source_history store = {store_snapshots, store_events};

static int choose_time(struct session *session, const struct top_options *options)
{
	struct data_source *source = &session->source;
	bool found = true;
	int r;

	source->board = session->reader;
	/* A board given by name may be of another host: history only if given by name, too. */
	if (!options->fleet.url && (options->history || secure_getenv("HEADROOM_HISTORY") ||
				    (!options->board && !secure_getenv("HEADROOM_BOARD"))))
		source->history = &store;
	source->history_path = options->history;
	r = data_source_begin(source);
	if (r) {
		log_error("%s: the recording is empty", hr_reader_path(session->reader));
		return CLI_FAILED;
	}
	if (options->at_ns)
		found = data_source_go(source, options->at_ns);
	else if (!options->replay && hr_reader_is_recording(session->reader))
		found = data_source_live(source);
	if (found)
		return CLI_DONE;
	log_error("top: %s", !source->history && !hr_reader_is_recording(session->reader)
				     ? "no history for a board given by name: add --history FILE"
			     : *source->error ? source->error
					      : source->notice);
	return CLI_FAILED;
}

static int load(struct session *session)
{
	int r = data_source_load(&session->source, &session->snapshot);

	session->top.reload = false;
	if (r && r != -EAGAIN)
		return r;
	return top_update(&session->top);
}

static int paint(struct session *session)
{
	size_t rows, columns;
	int r;

	terminal_size(&rows, &columns);
	r = screen_buffer_reset(&session->screen_buffer, rows, columns, cli_ascii());
	if (r)
		return r;
	top_draw(&session->top, &session->screen_buffer);
	terminal_paint(&session->screen_buffer);
	return 0;
}

/* All pending keys. -EPIPE: the terminal is gone. */
static int take_keys(struct session *session)
{
	int key, r = 0;

	while (!r && (key = terminal_key()) && !session->top.quit) {
		if (key == -2)
			return -EPIPE;
		if (key == TOP_CLICK)
			terminal_click(&session->top.click_y, &session->top.click_x);
		if (key > 0)
			r = top_key(&session->top, key);
	}
	return r;
}

/* Saves changed settings and applies the mouse mode. */
static void apply_settings(struct session *session)
{
	struct top *top = &session->top;
	int r = settings_save(&session->settings, top);

	if (r)
		snprintf(top->notice, sizeof(top->notice), "settings not saved: %.90s",
			 strerror(-r));
	if (session->mouse != top->mouse)
		terminal_mouse(top->mouse);
	if (session->palette != top->palette)
		terminal_palette(session->colours, top->palette);
	session->palette = top->palette;
	session->mouse = top->mouse;
}

/* Shows why the started daemon has stopped or is silent. */
static void watch_daemon(struct session *session)
{
	char words[256] = "";

	if (!session->daemon)
		return;
	if (private_daemon_alive(session->daemon, words) && session->snapshot.health)
		private_daemon_errors(session->daemon, words);
	if (*words)
		snprintf(session->top.notice, sizeof(session->top.notice), "%.120s", words);
}

/* ---- a manual action: sent at once, answered asynchronously ---- */

static void answered(struct session *session, uint32_t status, const char *text)
{
	struct action_pane *action = &session->top.action;

	if (session->asked_fd >= 0)
		close(take_fd(session->asked_fd));
	action->state = ACTION_ANSWERED;
	action->answer.status = status;
	snprintf(action->answer.text, sizeof(action->answer.text), "%.240s", text);
	session->top.reload = true;
}

static void poll_action(struct session *session)
{
	struct action_pane *action = &session->top.action;
	const char *board = hr_reader_path(session->reader);
	struct hr_control_answer answer;
	char error[ASK_ERROR];
	int r;

	if (action->state == ACTION_ASKED) {
		r = ask_begin(board, &action->request, &session->asked_fd, error);
		action->state = ACTION_WAITING;
		if (r)
			answered(session, r == -EACCES ? CLI_NOT_PERMITTED : CLI_FAILED, error);
	} else if (action->state == ACTION_WAITING) {
		r = ask_answer(board, session->asked_fd, &answer, error);
		if (!r)
			answered(session, answer.status, answer.text);
		else if (r != -EAGAIN)
			answered(session, CLI_FAILED, error);
		else if (clock_mono_ns() > action->asked_ns + ANSWER_NS)
			answered(session, CLI_FAILED,
				 "no answer in time; it may still be executed: see events");
	}
}

/* ---- the loop ---- */

/* Whether to load a snapshot; *next: when again. */
static bool is_due(struct session *session, uint64_t now, uint64_t *next)
{
	struct data_source *source = &session->source;
	bool due = data_source_tick(source, now) || data_source_reads(source);

	if (*source->notice) { /* playing ended */
		snprintf(session->top.notice, sizeof(session->top.notice), "%s", source->notice);
		source->notice[0] = 0;
	}
	if (now >= *next) {
		*next = now + REFRESH_NS;
		watch_daemon(session);
		/* a snapshot of the past does not change */
		due |= !session->top.frozen && !data_source_past(source);
	}
	return due;
}

static int loop(struct session *session)
{
	struct pollfd in[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	uint64_t next = 0;
	int r = 0;

	session->top.reload = true;
	while (!r && !signals_caught() && !session->top.quit) {
		uint64_t now = clock_mono_ns(), wait;

		poll_action(session);
		in[1].fd = session->asked_fd;
		if (is_due(session, now, &next))
			session->top.reload = true;
		if (session->top.reload)
			r = load(session);
		if (!r)
			r = paint(session);
		now = clock_mono_ns();
		wait = next > now ? next - now : 0;
		if (session->source.playing && wait > PLAY_NS)
			wait = PLAY_NS;
		if (!r && wait && !data_source_reads(&session->source))
			signals_wait(in, 2, wait);
		if (!r)
			r = take_keys(session);
		apply_settings(session);
	}
	return r == -EPIPE ? 0 : r;
}

static int show_once(struct session *session)
{
	int r = load(session);

	if (r) {
		log_error("cannot read %s: %s", hr_reader_path(session->reader), strerror(-r));
		return CLI_FAILED;
	}
	listing_print(stdout, &session->snapshot, cli_width(), cli_colour(),
		      isatty(STDOUT_FILENO) && cli_ascii());
	r = cli_flush();
	return r ? r : listing_warn(&session->snapshot);
}

/* The table once, then why there is no monitor. */
static int show_without_screen(struct session *session, int error)
{
	const char *term = getenv("TERM");
	char type[48];
	int r = show_once(session);

	text_clean(term ? term : "", SIZE_MAX, type, sizeof(type));
	if (error == -ENOENT)
		log_error("top: no screen: neither terminal type '%s' nor xterm is known here; "
			  "install ncurses-base",
			  type);
	else
		log_error("top: no screen: terminal type '%s' cannot move its cursor; use another "
			  "terminal, or headroom ls",
			  type);
	return r ? r : CLI_FAILED;
}

static void say_unknown(char *notice, size_t bytes)
{
	char type[48];
	const char *term = getenv("TERM");

	text_clean(term ? term : "", SIZE_MAX, type, sizeof(type));
	if (*type)
		snprintf(notice, bytes, "terminal type '%s' unknown: shown as xterm", type);
	else
		snprintf(notice, bytes, "TERM not set: shown as xterm");
}

static int run(const void *values, char **arguments)
{
	const struct top_options *options = values;
	bool unknown;
	_cleanup_(session_done) struct session session = {.asked_fd = -1};
	int r = open_session(&session, options);

	if (!r)
		r = choose_time(&session, options);
	if (r)
		return r;
	top_init(&session.top, &session.snapshot);
	session.top.source = &session.source;
	signals_catch(); /* before ncurses installs its own handlers */
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return show_once(&session);
	if (!settings_path(session.settings.path))
		settings_load(&session.settings, &session.top, session.top.notice);
	session.colours = cli_colour() ? session.top.colours : TOP_COLOURS_NONE;
	r = terminal_open(session.colours, &unknown);
	if (r)
		return show_without_screen(&session, r);
	if (unknown)
		say_unknown(session.top.notice, sizeof(session.top.notice));
	terminal_palette(session.colours, session.palette = session.top.palette);
	terminal_mouse(session.mouse = session.top.mouse);
	r = loop(&session);
	terminal_close();
	if (!r)
		return CLI_DONE;
	log_error("cannot read %s: %s", hr_reader_path(session.reader), strerror(-r));
	return CLI_FAILED;
}

static const struct option_spec specs[] = {
	{.name = "replay",
	 .argument = "FILE",
	 .parse = option_text,
	 .offset = offsetof(struct top_options, replay),
	 .help = "a recording, from its beginning",
	 .wants = "a file of headroom record"},
	{.name = "at",
	 .argument = "TIME",
	 .parse = option_time,
	 .offset = offsetof(struct top_options, at_ns),
	 .help = "a time in the past, from history or a recording",
	 .wants = OPTION_WANTS_TIME},
	OPTION_FLEET(struct top_options, fleet),
	OPTION_HISTORY(struct top_options),
	OPTION_UTC,
	OPTION_BOARD(struct top_options),
	{0},
};

const struct command command_top = {
	.name = "top",
	.arguments = "",
	.summary = "Interactive monitor",
	.text = "Starts an observe-only daemon if none runs. ? shows keys and columns. Settings "
		"are\n"
		"saved in $XDG_CONFIG_HOME/headroom/top.yaml. Into a pipe it prints the table "
		"once.\n"
		"Exit status 1: this terminal has no screen (TERM); the table is printed once.\n",
	.options = specs,
	.options_bytes = sizeof(struct top_options),
	.run = run,
	.rights = COMMAND_STARTS,
};
