// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Carries out one action of enforce/ against a cgroup, a process or a process group, and prints its result as one line of
 * JSON. For tests, and to see what an action does before it goes into a policy. It does act: this is no dry run.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/utf8_clean.h"
#include "base/human_units.h"
#include "enforce/enforce.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/enforce_internal.h"
#include "enforce/proc.h"
#include "cgroup/cgroupfs.h"

static const struct {
	const char *name, *help;
	enum hr_action_kind kind;
	bool largest;
} verbs[] = {
	{"kill", "SIGKILL to all of its processes", HR_ACTION_KILL, false},
	{"kill-largest", "SIGKILL to the container's largest process", HR_ACTION_KILL, true},
	{"term", "SIGTERM to the main process", HR_ACTION_TERM, false},
	{"reclaim", "memory.reclaim of --bytes", HR_ACTION_RECLAIM, false},
	{"throttle", "memory.high at --bytes for --for", HR_ACTION_THROTTLE, false},
	{"resize", "the limit to --bytes for --for", HR_ACTION_RESIZE, false},
};

struct options {
	struct enforce_config config;
	struct action action;
	char path[ENFORCE_PATH];
	uint64_t id, start_ns; /* HR_UNKNOWN: the current one */
	uint64_t hold_ms;      /* stay open this long after the result */
	bool lift, no_reap, no_hurry;
	unsigned times; /* submit the action this often */
};

static void usage(FILE *out)
{
	fputs("usage: enforce-try [OPTION]… VERB TARGET\n"
	      "       enforce-try [OPTION]… undo | support\n"
	      "       enforce-try [OPTION]… freeze cgroup:/PATH    (and waits until it is killed)\n"
	      "       enforce-try protect cgroup:/PATH             (as its owner would)\n"
	      "TARGET: cgroup:/PATH | pid:N | group:PGID. VERB:\n",
	      out);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		fprintf(out, "  %-14s%s\n", verbs[i].name, verbs[i].help);
	fputs("\n"
	      "  -u, --undo FILE        the undo table (default: a file in the current directory)\n"
	      "  -d, --deadline TIME    how long memory is watched (default 5s)\n"
	      "  -s, --signal N         for term\n"
	      "  -w, --swappiness N     for reclaim\n"
	      "  -b, --bytes SIZE       for reclaim, throttle and resize\n"
	      "  -f, --for TIME         for throttle and resize (default 10s)\n"
	      "  -i, --id N             the cgroup id to expect (default: that of the path)\n"
	      "  -t, --start NS         the start time to expect (default: that of the pid)\n"
	      "  -H, --hold TIME        stay open this long after the result\n"
	      "  -l, --lift             lift the throttle before the end of --hold\n"
	      "  -n, --times N          submit the action N times\n"
	      "  -R, --no-reap          without process_mrelease, to measure what it gains\n"
	      "  -W, --no-hurry         without CPU time for exiting processes\n",
	      out);
}

/* Where memory is, on this host. */
static int find_host(struct enforce_config *config)
{
	static struct cgroupfs fs;
	int r = cgroupfs_find("", &fs);

	if (r < 0)
		return r;
	config->root = "";
	config->memory_root = fs.memory;
	config->v1 = fs.layout != CGROUP_V2;
	return 0;
}

static int set_target(const char *text, struct options *o)
{
	struct action_target *target = &o->action.target;
	struct stat st;
	char path[PATH_MAX + ENFORCE_PATH];

	target->leader_start_ns = HR_UNKNOWN;
	if (!strncmp(text, "cgroup:", 7)) {
		if (strlen(text + 7) >= sizeof(o->path))
			return -ENAMETOOLONG;
		strcpy(o->path, text + 7);
		snprintf(path, sizeof(path), "%s%s", o->config.memory_root, o->path);
		target->memcg_id = o->id;
		if (o->id == HR_UNKNOWN)
			target->memcg_id = stat(path, &st) ? 0 : st.st_ino;
		return 0;
	}
	if (!strncmp(text, "pid:", 4) || !strncmp(text, "group:", 6)) {
		uint32_t pid = (uint32_t)strtoul(strchr(text, ':') + 1, NULL, 10);
		struct proc_stat proc = {0};
		_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		proc_stat(proc_fd, pid, &proc);
		*(text[0] == 'p' ? &target->pid : &target->pgid) = pid;
		*(text[0] == 'p' ? &target->start_boottime_ns : &target->leader_start_ns) =
			o->start_ns == HR_UNKNOWN ? proc_ticks_ns(proc.start_ticks) : o->start_ns;
		return 0;
	}
	return -EINVAL;
}

static void print_number(const char *key, uint64_t value)
{
	if (value == HR_UNKNOWN)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%llu", key, (unsigned long long)value);
}

static void print_text(const char *key, const char *text)
{
	char clean[256];

	printf(",\"%s\":\"", key);
	for (const char *p = text_clean(text, strlen(text), clean, sizeof(clean)); *p; p++)
		printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	putchar('"');
}

static void print_result(const struct action_result *r, uint64_t submitted_ns, uint64_t taken_ns)
{
	char comm[17] = {0}, error[40] = "";

	memcpy(comm, r->comm, 16);
	if (r->error)
		snprintf(error, sizeof(error), "%s", strerrorname_np(r->error) ?: "?");
	printf("{\"tag\":%llu", (unsigned long long)r->tag);
	print_text("status", hr_action_status_name(r->status));
	print_text("error", error);
	printf(",\"signal\":%d,\"pid\":%u,\"processes\":%u", r->signal, r->pid, r->processes);
	print_text("comm", comm);
	print_number("usage_before_bytes", r->usage_before);
	print_number("usage_after_bytes", r->usage_after);
	print_number("freed_bytes", r->freed);
	printf(",\"waited_ms\":%.3f,\"action_ms\":%.3f", (double)(r->began_ns - submitted_ns) / 1e6,
	       (double)(r->ended_ns - r->began_ns) / 1e6);
	if (r->freed_ns)
		printf(",\"freed_after_ms\":%.3f", (double)(r->freed_ns - r->began_ns) / 1e6);
	else
		printf(",\"freed_after_ms\":null");
	printf(",\"result_ms\":%.3f", (double)(taken_ns - submitted_ns) / 1e6);
	print_text("detail", r->detail);
	puts("}");
	fflush(stdout);
}

static int run(struct options *o)
{
	struct enforce *e;
	struct action_result result;
	uint64_t submitted;
	unsigned left = 0;
	int r = enforce_open(&o->config, &e), status = 0;

	if (r < 0) {
		log_error("cannot open: %s", strerror(-r));
		return 1;
	}
	e->no_reap = o->no_reap;
	e->no_hurry = o->no_hurry;
	submitted = clock_mono_ns();
	for (unsigned i = 0; i < o->times; i++) {
		o->action.tag = i;
		r = enforce_submit(e, &o->action, o->path);
		if (r < 0)
			log_error("refused: %s", strerror(-r));
		left += !r;
		status |= r < 0;
	}
	while (left) {
		struct pollfd p = {.fd = enforce_fd(e), .events = POLLIN};

		poll(&p, 1, -1);
		while (enforce_take(e, &result)) {
			print_result(&result, submitted, clock_mono_ns());
			status |= result.status == HR_STATUS_FAILED;
			left--;
		}
	}
	if (o->lift)
		enforce_lift(e, o->action.target.memcg_id);
	if (o->hold_ms)
		poll(NULL, 0, (int)o->hold_ms);
	enforce_close(e);
	return status;
}

static int run_undo(const struct options *o)
{
	struct undo *undo;
	int r = undo_open(o->config.undo_path, &undo);

	if (r < 0) {
		log_error("%s: %s", o->config.undo_path, strerror(-r));
		return 1;
	}
	printf("{\"restored\":%u}\n", undo_all(undo));
	undo_close(undo);
	return 0;
}

static int run_support(const struct options *o)
{
	struct enforce_support support;

	for (unsigned i = 0; !enforce_support(&o->config, i, &support); i++) {
		printf("{\"action\":%d", support.kind);
		print_text("variant", support.variant);
		print_text("reason", support.reason);
		puts("}");
	}
	return 0;
}

static int run_protect(const struct options *o)
{
	char path[PATH_MAX + ENFORCE_PATH];

	snprintf(path, sizeof(path), "%s%s", o->config.memory_root, o->path);
	if (!setxattr(path, "user.headroom", "protect", 7, 0))
		return 0;
	log_error("%s: %s", path, strerror(errno));
	return 1;
}

static int add_pid(uint32_t pid, void *arg)
{
	pidset_add(arg, pid);
	return 0;
}

/* The first half of a kill without cgroup.kill; then this process waits until the test kills it. */
static int run_freeze(struct options *o)
{
	static struct running_action running;
	static struct pidset pids;
	struct frozen frozen;
	struct enforce *e;
	int r = enforce_open(&o->config, &e);

	running.action = o->action;
	strcpy(running.path, o->path);
	running.dir_fd = running.usage_fd = -1;
	if (!r && !running_open(e, &running))
		r = -running.result.error;
	if (!r) {
		cgroup_pids(running.dir_fd, add_pid, &pids);
		r = freeze(e, &running, &pids, &frozen);
	}
	if (r < 0) {
		log_error("cannot freeze: %s", strerror(-r));
		return 1;
	}
	puts("frozen");
	fflush(stdout);
	for (;;)
		pause();
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"undo", 1, NULL, 'u'},       {"deadline", 1, NULL, 'd'},
		{"signal", 1, NULL, 's'},     {"bytes", 1, NULL, 'b'},
		{"swappiness", 1, NULL, 'w'}, {"for", 1, NULL, 'f'},
		{"id", 1, NULL, 'i'},         {"start", 1, NULL, 't'},
		{"hold", 1, NULL, 'H'},       {"lift", 0, NULL, 'l'},
		{"times", 1, NULL, 'n'},      {"no-reap", 0, NULL, 'R'},
		{"no-hurry", 0, NULL, 'W'},   {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "u:d:s:w:b:f:i:t:H:ln:RW", options, NULL)) != -1) {
		int r = 0;

		switch (c) {
		case 'u':
			o->config.undo_path = optarg;
			break;
		case 'd':
			r = units_parse_duration_ms(optarg, &o->action.watch_ms);
			break;
		case 's':
			o->action.signal = atoi(optarg);
			break;
		case 'w':
			o->action.swappiness = (unsigned)atoi(optarg) + 1;
			break;
		case 'b':
			r = units_parse_bytes(optarg, &o->action.bytes);
			break;
		case 'f':
			r = units_parse_duration_ms(optarg, &o->action.for_ms);
			break;
		case 'i':
			o->id = strtoull(optarg, NULL, 10);
			break;
		case 't':
			o->start_ns = strtoull(optarg, NULL, 10);
			break;
		case 'H':
			r = units_parse_duration_ms(optarg, &o->hold_ms);
			break;
		case 'l':
			o->lift = true;
			break;
		case 'n':
			o->times = (unsigned)atoi(optarg);
			break;
		case 'R':
			o->no_reap = true;
			break;
		case 'W':
			o->no_hurry = true;
			break;
		default:
			return false;
		}
		if (r < 0)
			return false;
	}
	return optind < argc;
}

int main(int argc, char **argv)
{
	struct options o = {
		.config.undo_path = "enforce-try.undo",
		.action = {.watch_ms = 5000, .for_ms = 10000, .most = HR_UNKNOWN},
		.id = HR_UNKNOWN,
		.start_ns = HR_UNKNOWN,
		.times = 1,
	};
	const char *verb;
	int r;

	log_name("enforce-try");
	if (!parse(argc, argv, &o)) {
		usage(stderr);
		return 2;
	}
	verb = argv[optind];
	r = find_host(&o.config);
	if (r < 0) {
		log_error("no cgroups: %s", strerror(-r));
		return 1;
	}
	if (!strcmp(verb, "undo"))
		return run_undo(&o);
	if (!strcmp(verb, "support"))
		return run_support(&o);
	if (optind + 1 >= argc || set_target(argv[optind + 1], &o) < 0) {
		usage(stderr);
		return 2;
	}
	if (!strcmp(verb, "protect"))
		return run_protect(&o);
	if (!strcmp(verb, "freeze"))
		return run_freeze(&o);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, verb)) {
			o.action.kind = verbs[i].kind;
			o.action.largest = verbs[i].largest;
			return run(&o);
		}
	usage(stderr);
	return 2;
}
