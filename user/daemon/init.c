// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The guard before and after its loop: everything that may block, allocate, read configuration or load BPF happens here,
 * before the first heartbeat; and the orderly end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <headroom/reader.h>

#include "policy_driver.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "fast_poll.h"
#include "main_loop.h"
#include "oom_events.h"
#include "events.h"
#include "slot_lifecycle.h"
#include "daemon_state.h"

#define NICE             -20
#define SUCCEED_PAUSE_US 2000   /* between two looks whether the guard before us is gone … */
#define SUCCEED_TRIES    4000   /* … for longer than a supervisor waits for its guard */
#define OOM_SCORE_ADJ    "-999" /* not -1000: a runaway guard must not hang the host */

/* The exit status for a board that can't be had, and the line that says so. */
static int complain_board(const struct config *config, int err)
{
	const char *place = *config->board ? config->board : "the default place";

	if (err == -EBUSY) {
		log_error("another guard writes the board at %s: stop it first, or give --board",
			  place);
		return DAEMON_EXIT_BUSY;
	}
	if (err != -EACCES && err != -EPERM) {
		log_error("no board at %s: %s", place, strerror(-err));
		return 1;
	}
	log_error("no board at %s: %s; %s", place, strerror(-err),
		  geteuid() ? "run as root, or give --board a place that is yours"
			    : "its folder belongs to somebody else: remove it, or give --board");
	return 4;
}

/* "self": the memory cgroup of this very process; "pod": the one above it, which a sidecar shares with its pod. */
static int resolve_scope(struct config *config)
{
	bool pod = !strcmp(config->scope, "pod");
	char *slash;

	if (!pod && strcmp(config->scope, "self"))
		return 0;
	daemon_own_path(config->root, config->scope, sizeof(config->scope));
	slash = strrchr(config->scope, '/');
	if (pod && (!slash || slash == config->scope)) {
		log_error("--scope pod: above this cgroup (%s) is only the root; are the host's "
			  "cgroups mounted here?",
			  config->scope);
		return 2;
	}
	if (pod)
		*slash = '\0';
	if (!strcmp(config->scope, "/"))
		config->scope[0] = '\0';
	return 0;
}

static int open_board(struct daemon *daemon, uint32_t capacity, bool *ret_adopted)
{
	const struct config *config = daemon->config;
	struct board_config board = {
		.path = *config->board ? config->board : NULL, .capacity = capacity, .adopt = true};
	int err = board_open(&board, &daemon->board, ret_adopted);

	/* Only now does the guard before us end: until here it was at work. */
	if (err == -EBUSY && daemon->wires->predecessor >= 0)
		syscall(SYS_pidfd_send_signal, daemon->wires->predecessor, SIGTERM, NULL, 0);
	for (int i = 0; err == -EBUSY && daemon->wires->predecessor >= 0 && i < SUCCEED_TRIES;
	     i++) {
		usleep(SUCCEED_PAUSE_US);
		err = board_open(&board, &daemon->board, ret_adopted);
	}
	return err ? complain_board(config, err) : 0;
}

static int open_collector(struct daemon *daemon, uint32_t capacity)
{
	const struct config *config = daemon->config;
	struct collect_config collector = {.root = config->root,
					   .scope = *config->scope ? config->scope : NULL,
					   .capacity = capacity,
					   .no_bpf = getenv("HEADROOM_NO_BPF") != NULL};
	char proc[sizeof(config->root) + sizeof("/proc/1")];
	int err = collect_open(&collector, &daemon->collector);

	if (err) {
		snprintf(proc, sizeof(proc), "%s/proc/1", config->root);
		if (access(proc, F_OK))
			log_error("%.*s is not mounted: give it to the guard, too",
				  (int)strlen(proc) - 2, proc);
		else if (*config->scope && err == -ENOENT)
			log_error("--scope %s: no such memory cgroup; paths begin at the root of "
				  "the hierarchy",
				  config->scope);
		else
			log_error("no memory cgroups to watch below '%s/sys/fs/cgroup': %s",
				  config->root, strerror(-err));
		return 5;
	}
	return 0;
}

/* As many as the board has that is to be taken over. */
static uint32_t capacity_there(const struct config *config, uint32_t least)
{
	struct hr_board_header header;
	struct hr_reader *reader;

	if (hr_reader_open(*config->board ? config->board : NULL, &reader))
		return least;
	hr_reader_header(reader, &header);
	hr_reader_close(reader);
	return header.slot_capacity > least && header.slot_capacity <= CAPACITY_MOST
		       ? header.slot_capacity
		       : least;
}

/* The board first: it says at once whether another guard is at work. Who succeeds one does first what takes long. */
static int open_rooms(struct daemon *daemon, uint32_t capacity, bool *ret_adopted)
{
	if (daemon->wires->predecessor >= 0) {
		capacity = capacity_there(daemon->config, capacity);
		return open_collector(daemon, capacity)
			       ?: open_board(daemon, capacity, ret_adopted);
	}
	return open_board(daemon, capacity, ret_adopted)
		       ?: open_collector(daemon, board_capacity(daemon->board));
}

static int reserve_tables(struct daemon *daemon)
{
	uint32_t capacity = board_capacity(daemon->board);
	int err = tracks_init(&daemon->tracks, capacity);

	if (!err)
		err = worker_init(&daemon->worker, daemon->collector, capacity);
	if (err) {
		log_error("no memory for the tables of %u cgroups", capacity);
		return 1;
	}
	return 0;
}

static void fill_host(struct daemon *daemon)
{
	static const uint32_t version_of[] = {
		[CGROUP_V2] = 2, [CGROUP_V1] = 1, [CGROUP_HYBRID] = 12};
	struct hr_host *host = board_host_begin(daemon->board);
	struct collect_source source;
	struct utsname name;

	uname(&name);
	/* A pod's own name is not its node's: there spec.nodeName comes in the environment. */
	snprintf(host->node, sizeof(host->node), "%.63s", getenv("NODE_NAME") ?: name.nodename);
	snprintf(host->kernel, sizeof(host->kernel), "%.63s", name.release);
	snprintf(host->version, sizeof(host->version), "%s", HEADROOM_VERSION);
	host->cgroup_version = version_of[collect_layout(daemon->collector)];
	host->mode = daemon->config->mode;
	host->pid = (uint32_t)getpid();
	host->started_ns = clock_wall_ns();
	memset(host->source, 0, sizeof(host->source));
	for (size_t i = 0; i < HR_SOURCES && !collect_source(daemon->collector, i, &source); i++) {
		strncpy(host->source[i].signal, source.signal, sizeof(host->source[i].signal) - 1);
		strncpy(host->source[i].variant, source.variant,
			sizeof(host->source[i].variant) - 1);
		if (!strcmp(source.signal, "oom_kill"))
			daemon->use_kmsg = !strncmp(source.variant, "memory.events", 13);
		if (!strcmp(source.signal, "lifecycle"))
			daemon->emitted_of_ends = !strcmp(source.variant, "cgroup tracepoints");
		if (!strcmp(source.signal, "memcg_sweep"))
			daemon->climbs = !strcmp(source.variant, "iter/task climb");
	}
	board_host_end(daemon->board);
}

/* Never guess silently: each fallback is an event. */
static void describe_fallbacks(struct daemon *daemon)
{
	struct collect_source source;

	for (size_t i = 0; !collect_source(daemon->collector, i, &source); i++)
		if (source.fallback)
			notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_INFO, 0, "%s: %s (%s)",
				      source.signal, source.variant, source.skipped);
	if (collect_record_fd(daemon->collector) < 0 &&
	    !collect_source(daemon->collector, 0, &source))
		log_info("no BPF (%s): memory is read from cgroup files", source.skipped);
	if (!board_on_tmpfs(daemon->board))
		notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
			      "the board at %s is not on tmpfs: writing it may wait for a disk",
			      board_path(daemon->board));
}

/* Our own code, also that which has never run yet: read from a disk in an emergency, it would come too late. */
static void touch_code(void)
{
	extern const char __executable_start[], etext[]; /* the linker's */
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (uintptr_t at = (uintptr_t)__executable_start; at < (uintptr_t)etext; at += page)
		(void)*(const volatile char *)at;
}

/* Only who acts needs to come first: the loop here, enforce's threads by themselves. Not inherited, so that nobody whom we
 * start comes first, too. */
void daemon_come_first(struct daemon *daemon, bool first)
{
	struct sched_param param = {.sched_priority = first ? 1 : 0};

	if (!sched_setscheduler(0, first ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER, &param) ||
	    !setpriority(PRIO_PROCESS, 0, first ? NICE : 0) || !first)
		return;
	notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_INFO, 0,
		      "no priority over a host that is out of CPU time: no CAP_SYS_NICE");
}

/* What keeps the guard answering when memory is short. Each step may be refused; that is told, not fatal. */
static void harden(struct daemon *daemon)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, OOM_SCORE_ADJ, strlen(OOM_SCORE_ADJ)) < 0)
		notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
			      "oom_score_adj stays as it is: no CAP_SYS_RESOURCE");
	/* On fault: what is never used costs nothing; what was used once stays. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
			      "memory is not locked: no CAP_IPC_LOCK and a small RLIMIT_MEMLOCK");
	touch_code();
	if (daemon->config->mode == MODE_ENFORCE)
		daemon_come_first(daemon, true);
}

void daemon_ready(const struct daemon *daemon)
{
	static struct daemon_message ready = {.word = WORD_READY};

	ready.bytes = (uint32_t)strnlen(board_path(daemon->board), MESSAGE_WORDS - 1) + 1;
	memcpy(ready.text, board_path(daemon->board), ready.bytes - 1);
	ready.text[ready.bytes - 1] = '\0';
	if (daemon->supervisor_fd >= 0)
		send(daemon->supervisor_fd, &ready, daemon_message_bytes(&ready),
		     MSG_DONTWAIT | MSG_NOSIGNAL);
}

int daemon_start(struct daemon *daemon, struct config *config, int rules_fd,
		 struct daemon_wires *wires)
{
	bool adopted = false;
	int status;

	prctl(PR_SET_NAME, "headroomd-guard");
	daemon->config = config;
	daemon->wires = wires;
	daemon->resolver_fd = wires->resolver_daemon;
	daemon->supervisor_fd = wires->daemon_supervisor;
	daemon->started_ns = clock_mono_ns();
	fast_poll_init(daemon);
	control_init(daemon);
	status = resolve_scope(config) ?: open_rooms(daemon, worker_capacity(config->root), &adopted) ?: reserve_tables(daemon);
	if (status)
		return status;
	daemon->zero_ns = (int64_t)(clock_mono_ns() - clock_wall_ns() +
				    board_header(daemon->board)->created_ns);
	if (adopted)
		publish_adopt(daemon);
	fill_host(daemon);
	status = policy_driver_open(daemon, rules_fd);
	if (status)
		return status;
	if (daemon_start_loop(daemon)) {
		log_error("no event loop: %s", strerror(errno));
		return 1;
	}
	notice_daemon(daemon, adopted ? HR_DAEMON_ADOPTED : HR_DAEMON_STARTED, HR_INFO,
		      daemon->tracks.running,
		      adopted ? "started; took over the board with %u cgroups" : "started%.0u",
		      daemon->tracks.running);
	describe_fallbacks(daemon);
	control_open(daemon);
	harden(daemon);
	daemon_ready(daemon);
	log_info("watching the cgroups below %s, mode %s, %u polic%s; the board is %s",
		 collect_memory_root(daemon->collector), config_mode_word(config->mode),
		 policy_driver_policies(daemon), policy_driver_policies(daemon) == 1 ? "y" : "ies",
		 board_path(daemon->board));
	return 0;
}

void daemon_stop(struct daemon *daemon)
{
	if (daemon->board && daemon->worker.thread)
		notice_daemon(daemon, HR_DAEMON_STOPPING, HR_INFO, 0, "stopping");
	control_close(daemon);
	policy_driver_close(daemon);
	worker_done(&daemon->worker);
	close_done(daemon);
	collect_close(daemon->collector);
	board_close(daemon->board);
	tracks_done(&daemon->tracks);
	loop_done(&daemon->loop);
}
