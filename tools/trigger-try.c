// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Arms cgroups by hand and prints what comes of it, one JSON object a line: for tests, and for looking at a kernel. With
 * "reflex" it has the kernel kill processes of the groups that its commands name, and of no others. Commands are its arguments,
 * then the lines of its standard input; it ends with "quit", or by SIGTERM.
 *
 *	trigger-try [--manual] [COMMAND]…
 *	    arm PATH threshold=SIZE [share=MILLI] [near=SIZE] [least=SIZE] [prefer=PID] [reflex] [whole]
 *	    disarm PATH | prefer PATH pid=PID | spare pid=PID | spare PATH | unspare … | close | far | grow | state PATH | grant N | known PATH | quit
 *
 * PATH counts from the memory hierarchy's root. Without --manual a tripwire record attaches the hot tracepoint, as
 * the daemon does it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "collect/trigger.h"
#include "cgroup/cgroupfs.h"
#include "collect/collect.h"

#define CAPACITY 256u
#define WORDS    12

static struct {
	struct collector *collector;
	bool manual, near, quit;
} try;

static const char *const hooks[TRIGGER_HOOK_COUNT] = {"rss_stat", "reclaim", "timer", "eventfd"};

static void answer(const char *command, int error)
{
	printf("{\"done\":\"%s\",\"error\":%d}\n", command, -error);
	fflush(stdout);
}

static void number(const char *key, __u64 value)
{
	if (value == RECORD_UNKNOWN)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%llu", key, (unsigned long long)value);
}

static void word(const char *key, const char *text, size_t size)
{
	char clean[4 * RECORD_COMM];

	text_clean(text, size, clean, sizeof(clean));
	printf(",\"%s\":\"%s\"", key, clean);
}

static void on_record(const struct record *record, void *arg)
{
	const struct record_trigger *rec = (const struct record_trigger *)record;

	(void)arg;
	if (record->type != RECORD_THRESHOLD && record->type != RECORD_REFLEX)
		return;
	printf("{\"record\":\"%s\"", record->type == RECORD_REFLEX ? "reflex" : "tripwire");
	printf(",\"hook\":\"%s\",\"near\":%s",
	       rec->hook < TRIGGER_HOOK_COUNT ? hooks[rec->hook] : "?",
	       rec->flags & RECORD_TRIGGER_NEAR ? "true" : "false");
	number("cgroup_id", rec->memcg_id);
	number("task_cgroup_id", rec->task_memcg_id);
	number("generation", rec->generation);
	number("usage_bytes", rec->usage);
	number("threshold_bytes", rec->threshold);
	number("limit_bytes", rec->limit);
	number("pid", rec->pid);
	number("tid", rec->tid);
	word("comm", rec->comm, sizeof(rec->comm));
	if (record->type == RECORD_REFLEX) {
		number("victim_pid", rec->victim_pid);
		word("victim_comm", rec->victim_comm, sizeof(rec->victim_comm));
		number("victim_rss_bytes", rec->victim_rss);
		printf(",\"other\":%s,\"error\":%d",
		       rec->flags & RECORD_TRIGGER_OTHER ? "true" : "false", -rec->error);
	}
	printf(",\"after_ms\":%.3f}\n", (double)(clock_mono_ns() - rec->r.time_ns) / 1e6);
	fflush(stdout);
	try.near |= record->type == RECORD_THRESHOLD;
}

/* 0 where there is no such cgroup. */
static __u64 id_of(const char *path)
{
	char full[4400];
	struct stat st;

	snprintf(full, sizeof(full), "%.4000s/%.300s", collect_memory_root(try.collector), path);
	return stat(full, &st) ? 0 : st.st_ino;
}

/* From /proc/PID/stat, as the kernel's boottime in ns, to a clock tick only: BPF has the exact one, so it is asked of the
 * task pass instead. */
static __u64 start_of(__u32 pid)
{
	static struct task_sample rows[4096];
	size_t n = 0;

	collect_tasks(try.collector, 0, rows, ARRAY_SIZE(rows), &n);
	for (size_t i = 0; i < n; i++)
		if (rows[i].pid == pid)
			return rows[i].start_boottime_ns;
	return 0;
}

static const char *value_of(char *const *words, const char *key)
{
	size_t n = strlen(key);

	for (; *words; words++)
		if (!strncmp(*words, key, n) && ((*words)[n] == '=' || !(*words)[n]))
			return *words + n + ((*words)[n] == '=');
	return NULL;
}

static __u64 bytes_of(char *const *words, const char *key)
{
	const char *text = value_of(words, key);
	__u64 bytes = 0;
	uint64_t parsed;

	if (text && units_parse_bytes(text, &parsed) == 0)
		bytes = parsed;
	return bytes;
}

static __u32 number_of(char *const *words, const char *key)
{
	const char *text = value_of(words, key);

	return text ? (__u32)strtoul(text, NULL, 10) : 0;
}

static int do_trigger(const char *path, char *const *words)
{
	struct trigger trigger = {
		.memcg_id = id_of(path),
		.path = path,
		.threshold = bytes_of(words, "threshold"),
		.limit_milli = number_of(words, "share"),
		.near = bytes_of(words, "near"),
		.least_rss = bytes_of(words, "least"),
		.preferred_pid = number_of(words, "prefer"),
		.flags = (value_of(words, "reflex") ? TRIGGER_REFLEX : 0) |
			 (value_of(words, "whole") ? TRIGGER_WHOLE : 0),
	};

	if (trigger.preferred_pid)
		trigger.preferred_start_ns = start_of(trigger.preferred_pid);
	return trigger.memcg_id ? collect_trigger(try.collector, &trigger) : -ENOENT;
}

static int do_disarm(const char *path, char *const *words)
{
	(void)words;
	collect_trigger_remove(try.collector, id_of(path));
	return 0;
}

static int do_prefer(const char *path, char *const *words)
{
	__u32 pid = number_of(words, "pid");

	return collect_trigger_prefer(try.collector, id_of(path), pid, pid ? start_of(pid) : 0);
}

static int spare(const char *path, char *const *words, bool on)
{
	struct trigger_exempt identity = {.pid = number_of(words, "pid")};

	if (identity.pid)
		identity.start_boottime_ns = start_of(identity.pid);
	else
		identity.memcg_id = id_of(path);
	return collect_exempt(try.collector, &identity, on);
}

static int do_spare(const char *path, char *const *words) { return spare(path, words, true); }

static int do_unspare(const char *path, char *const *words) { return spare(path, words, false); }

static int do_close(const char *path, char *const *words)
{
	(void)path, (void)words;
	return collect_trigger_close(try.collector, true);
}

static int do_far(const char *path, char *const *words)
{
	(void)path, (void)words;
	return collect_trigger_close(try.collector, false);
}

/* As the daemon does when it has more cgroups than capacity. */
static int do_grow(const char *path, char *const *words)
{
	struct collector *larger;
	__u64 dropped[1];
	size_t n;
	int r = collect_grow(try.collector, 2 * CAPACITY, &larger);

	(void)path, (void)words;
	if (r < 0)
		return r;
	collect_trigger_move(larger, try.collector, dropped, 1, &n);
	collect_close(try.collector);
	try.collector = larger;
	return n ? -ENOSPC : collect_trigger_close(larger, false);
}

static int do_state(const char *path, char *const *words)
{
	static const char *const states[] = {"not", "ready", "shot"};

	(void)words;
	printf("{\"state\":\"%s\"}\n", states[collect_trigger_state(try.collector, id_of(path))]);
	return 0;
}

/* So many more may be hit. */
static int do_grant(const char *path, char *const *words)
{
	(void)words;
	collect_trigger_grant(try.collector, strtoull(path, NULL, 10));
	return 0;
}

/* Whatever is younger than this group is not known yet. */
static int do_known(const char *path, char *const *words)
{
	(void)words;
	collect_trigger_known(try.collector, id_of(path));
	return 0;
}

static int do_quit(const char *path, char *const *words)
{
	(void)path, (void)words;
	try.quit = true;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const char *path, char *const *words);
} commands[] = {
	{"arm", do_trigger},     {"disarm", do_disarm}, {"prefer", do_prefer}, {"spare", do_spare},
	{"unspare", do_unspare}, {"close", do_close},   {"far", do_far},       {"grow", do_grow},
	{"state", do_state},     {"grant", do_grant},   {"known", do_known},   {"quit", do_quit},
};

static void run(char *line)
{
	char *words[WORDS + 1] = {NULL}, *save, *at = strtok_r(line, " \n", &save);

	for (int i = 0; i < WORDS && at; i++, at = strtok_r(NULL, " \n", &save))
		words[i] = at;
	if (!words[0])
		return;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(words[0], commands[i].name)) {
			answer(words[0], commands[i].run(words[1] ?: "", words + 1));
			return;
		}
	answer("?", -EINVAL);
}

static void sources(void)
{
	struct collect_source source;

	for (size_t i = 0; collect_source(try.collector, i, &source) == 0; i++)
		if (!strcmp(source.signal, "reflex") || !strcmp(source.signal, "tripwire"))
			printf("{\"source\":\"%s\",\"variant\":\"%s\",\"skipped\":\"%s\"}\n",
			       source.signal, source.variant, source.skipped);
	fflush(stdout);
}

/* Whole lines only; a cut one waits. False: no more. */
static bool read_commands(void)
{
	static char text[4096];
	static size_t have;
	ssize_t n = read(STDIN_FILENO, text + have, sizeof(text) - 1 - have);
	char *line = text, *end;

	if (n <= 0)
		return false;
	have += (size_t)n;
	text[have] = '\0';
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		run(line);
	}
	have -= (size_t)(line - text);
	memmove(text, line, have);
	return have < sizeof(text) - 1;
}

static void serve(int signals)
{
	bool input = true;

	while (!try.quit) {
		struct pollfd fd[] = {
			{signals, POLLIN, 0},
			{collect_record_fd(try.collector), POLLIN, 0},
			{collect_trigger_fd(try.collector), POLLIN, 0},
			{input ? STDIN_FILENO : -1, POLLIN, 0},
		};

		if (poll(fd, ARRAY_SIZE(fd), -1) < 0 && errno != EINTR)
			return;
		if (fd[0].revents)
			return;
		collect_consume(try.collector, on_record, NULL);
		collect_trigger_consume(try.collector, on_record, NULL);
		if (try.near && !try.manual)
			printf("{\"near\":%d}\n", -collect_trigger_close(try.collector, true));
		try.near = false;
		if (fd[3].revents)
			input = read_commands();
	}
}

int main(int argc, char **argv)
{
	struct collect_config config = {.root = "", .capacity = CAPACITY};
	int first = 1, signals, r;
	sigset_t set;

	if (argc > first && !strcmp(argv[first], "--manual"))
		try.manual = true, first++;
	if (argc > first && argv[first][0] == '-') {
		fprintf(stderr, "usage: trigger-try [--manual] [COMMAND]…  (then commands from "
				"standard input)\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	r = signals < 0 ? -errno : collect_open(&config, &try.collector);
	if (r < 0) {
		fprintf(stderr, "trigger-try: %s\n", strerror(-r));
		return 1;
	}
	sources();
	for (int i = first; i < argc; i++)
		run(argv[i]);
	serve(signals);
	collect_consume(try.collector, on_record, NULL);
	collect_close(try.collector);
	close(signals);
	return 0;
}
