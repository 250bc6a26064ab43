// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The daemon before and after its loop: everything that may block, allocate, read configuration or load BPF happens here,
 * before the first heartbeat; and the orderly end.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rights.h"
#include "base/syscall_filter.h"
#include "daemon.h"
#include "degraded.h"
#include "cgroup/pid_cgroup.h"
#include "enforce/capabilities.h"
#include "events.h"
#include "main_loop.h"
#include "self_cgroup.h"

#define NICE             -20
#define SUCCEED_PAUSE_US 2000   /* between two checks whether the previous daemon is gone … */
#define SUCCEED_TRIES    4000   /* … for longer than a supervisor waits for its daemon */
#define OOM_SCORE_ADJ    "-999" /* not -1000: a daemon that leaks must not hang the host */

/* Logs why there is no board. Returns the exit status. */
static int board_error(const struct config *config, int err)
{
	const char *place = *config->board ? config->board : "the default path";

	if (err == -EBUSY) {
		log_error("another daemon writes the board at %s: stop it first, or give --board",
			  place);
		return DAEMON_EXIT_BUSY;
	}
	if (err != -EACCES && err != -EPERM) {
		log_error("no board at %s: %s", place, strerror(-err));
		return 1;
	}
	log_error("no board at %s: %s; %s", place, strerror(-err),
		  geteuid() ? "run as root, or give --board a path that you own"
			    : "its directory belongs to another user: remove it, or give --board");
	return 4;
}

/* "self": the memory cgroup of this process; "pod": the one above it, which a sidecar shares with its pod. */
static int resolve_scope(struct config *config)
{
	bool pod = !strcmp(config->scope, "pod");
	char *slash;

	if (!pod && strcmp(config->scope, "self"))
		return 0;
	self_cgroup_path(config->root, config->scope, sizeof(config->scope));
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
	struct board_config board = {.path = *config->board ? config->board : NULL,
				     .capacity = capacity,
				     .text_bytes = BOARD_TEXT_FEW,
				     .adopt = true,
				     .starting = daemon->sockets->predecessor < 0};
	int err = board_open(&board, &daemon->board, ret_adopted);

	/* The previous daemon ran until here; only now it ends. */
	if (err == -EBUSY && daemon->sockets->predecessor >= 0)
		syscall(SYS_pidfd_send_signal, daemon->sockets->predecessor, SIGTERM, NULL, 0);
	for (int i = 0; err == -EBUSY && daemon->sockets->predecessor >= 0 && i < SUCCEED_TRIES;
	     i++) {
		usleep(SUCCEED_PAUSE_US);
		err = board_open(&board, &daemon->board, ret_adopted);
	}
	return err ? board_error(config, err) : 0;
}

static int open_collector(struct daemon *daemon, uint32_t capacity)
{
	const struct config *config = daemon->config;
	struct collect_config collector = {.root = config->root,
					   .scope = *config->scope ? config->scope : NULL,
					   .capacity = capacity,
					   .no_bpf = getenv("HEADROOM_NO_BPF") != NULL};
	char proc[sizeof(config->root) + sizeof("/proc/meminfo")];
	int err = collect_open(&collector, &daemon->sampling.collector);

	if (err) {
		snprintf(proc, sizeof(proc), "%s/proc/self", config->root);
		/* a link, also where it leads nowhere: in another PID namespace */
		if (faccessat(AT_FDCWD, proc, F_OK, AT_SYMLINK_NOFOLLOW))
			log_error("%.*s is not mounted: mount it for the daemon, too",
				  (int)(strlen(proc) - strlen("/self")), proc);
		else if (snprintf(proc, sizeof(proc), "%s/proc/meminfo", config->root) &&
			 access(proc, F_OK))
			log_error("%s is missing: mount /proc whole for the daemon, without "
				  "subset=pid",
				  proc);
		else if (err == -EOPNOTSUPP)
			log_error(
				"cgroups have no memory controller here (cgroup.controllers): boot "
				"without cgroup_disable=memory, or mount the host's cgroups");
		else if (*config->scope && err == -ENOENT)
			log_error("--scope %s: no such memory cgroup; paths begin at the root of "
				  "the hierarchy",
				  config->scope);
		else
			log_error("no memory cgroups below '%s/sys/fs/cgroup': %s", config->root,
				  strerror(-err));
		return 5;
	}
	return 0;
}

static const char *source_there(const struct hr_host *host, const char *signal)
{
	for (size_t i = 0; i < HR_SOURCES; i++)
		if (!strcmp(host->source[i].signal, signal))
			return host->source[i].variant;
	return "";
}

/* The board that is to be taken over: its capacity, and whether its daemon has BPF. */
static uint32_t board_there(const struct config *config, uint32_t least, bool *ret_bpf)
{
	struct hr_board_header header;
	struct hr_reader *reader;
	struct hr_host host;

	if (hr_reader_open(*config->board ? config->board : NULL, &reader))
		return least;
	hr_reader_header(reader, &header);
	*ret_bpf = !hr_reader_host(reader, &host) && *source_there(&host, "oom_kill") &&
		   strncmp(source_there(&host, "oom_kill"), "memory.events", 13) != 0;
	hr_reader_close(reader);
	return header.slot_capacity > least && header.slot_capacity <= CAPACITY_MOST
		       ? header.slot_capacity
		       : least;
}

/* A daemon with BPF is not replaced by one that has none for the moment. Returns the exit status. */
static int open_successor(struct daemon *daemon, uint32_t capacity)
{
	bool bpf = false;
	int status = open_collector(daemon, board_there(daemon->config, capacity, &bpf));
	const char *later = status ? NULL : collect_incomplete(daemon->sampling.collector);

	if (status || !bpf || !later || collect_record_fd(daemon->sampling.collector) >= 0)
		return status;
	log_error("no BPF for now (%s): the running daemon has it and goes on; replace it when "
		  "memory "
		  "is free",
		  later);
	return 1;
}

/* The board first: it shows at once whether another daemon runs. A daemon that replaces one first does what takes long. */
static int open_board_and_collector(struct daemon *daemon, uint32_t capacity, bool *ret_adopted)
{
	if (daemon->sockets->predecessor >= 0)
		return open_successor(daemon, capacity)
			       ?: open_board(daemon, capacity, ret_adopted);
	return open_board(daemon, capacity, ret_adopted)
		       ?: open_collector(daemon, board_capacity(daemon->board));
}

static int reserve_tables(struct daemon *daemon)
{
	uint32_t capacity = board_capacity(daemon->board);
	int err = containers_init(&daemon->containers, daemon->board, &daemon->resolver,
				  daemon->config->scope, &daemon_containers_ops, daemon);

	if (!err)
		err = worker_init(&daemon->sampling.worker, daemon->sampling.collector,
				  daemon->config->root, capacity);
	memory_maps_init(&daemon->memory_maps, daemon->board, &daemon->containers,
			 &daemon->resolver);
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
	struct utsname name;

	uname(&name);
	/* The host name of a pod is not its node's: there spec.nodeName comes in the environment. */
	snprintf(host->node, sizeof(host->node), "%.63s", getenv("NODE_NAME") ?: name.nodename);
	snprintf(host->kernel, sizeof(host->kernel), "%.63s", name.release);
	snprintf(host->version, sizeof(host->version), "%s", HEADROOM_VERSION);
	host->cgroup_version = version_of[collect_layout(daemon->sampling.collector)];
	host->mode = daemon->config->mode;
	host->pid = (uint32_t)getpid();
	host->started_ns = board_now_ns(daemon->board);
	memset(host->source, 0, sizeof(host->source));
	memset(host->degraded, 0, sizeof(host->degraded));
	board_host_end(daemon->board);
	daemon_publish_sources(daemon);
}

static void report_fallbacks(struct daemon *daemon)
{
	daemon_report_sources(daemon);
	if (collect_incomplete(daemon->sampling.collector))
		bpf_retry_failed(&daemon->bpf_retry, clock_mono_ns(), false);
	if (collect_locked_down(daemon->sampling.collector))
		degraded_set(daemon->board, "lockdown", HR_WARNING,
			     "kernel lockdown (confidentiality) refuses BPF: boot with "
			     "lockdown=integrity for it");
	if (!collect_delegated(daemon->sampling.collector))
		degraded_set(daemon->board, "no_controller", HR_WARNING,
			     "no cgroup below the root has the memory controller: write +memory to "
			     "cgroup.subtree_control");
	if (!board_on_tmpfs(daemon->board))
		degraded_set(daemon->board, "board", HR_WARNING,
			     "the board at %s is not on tmpfs: writes may wait for a disk",
			     board_path(daemon->board));
}

/* /proc is mounted with hidepid: in whole or in part there are no processes for this daemon. */
static void report_hidden(struct daemon *daemon)
{
	const char *root = daemon->config->root;

	if (proc_hides_from_us(root)) {
		log_info(
			"/proc hides processes (hidepid): they get no signal, and what they share "
			"and "
			"other killers are not seen; give headroomd CAP_SYS_PTRACE, or mount /proc "
			"without hidepid");
		degraded_set(daemon->board, "hidepid", HR_WARNING,
			     "/proc hides processes (hidepid): they get no signal; give it "
			     "CAP_SYS_PTRACE");
	} else if (proc_hides_processes(root)) {
		degraded_set(daemon->board, "hidepid", HR_INFO,
			     "/proc hides processes from the resolver (hidepid): no command lines");
	}
}

/* What is in a scope may be in the same namespace, as a pod's containers are. */
static void report_namespace(struct daemon *daemon)
{
	if (*daemon->config->scope || !pid_namespace_private())
		return;
	log_info("this PID namespace does not show the host's processes: they get no signal; run "
		 "headroomd in the host's (--pid host)");
	degraded_set(daemon->board, "pid_namespace", HR_WARNING,
		     "the host's processes are not visible and get no signal: run it with --pid "
		     "host");
}

/* The daemon's code, also what has not run yet: under memory pressure a page that must be read from disk comes too late. */
static void touch_code(void)
{
	extern const char __executable_start[], etext[]; /* the linker's */
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (uintptr_t at = (uintptr_t)__executable_start; at < (uintptr_t)etext; at += page)
		(void)*(const volatile char *)at;
}

/* The loop and what it waits for: enforce's threads set their own. Processes that the daemon starts do not inherit it. */
void daemon_set_priority(bool first, void *arg)
{
	struct daemon *daemon = arg;
	struct sched_param param = {.sched_priority = first ? 1 : 0};

	split_reader_priority(&daemon->sampling.fast_poll.reader, first);
	if (!sched_setscheduler(0, first ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER, &param) ||
	    !setpriority(PRIO_PROCESS, 0, first ? NICE : 0) || !first)
		return;
	degraded_set(daemon->board, "priority", HR_INFO,
		     "no priority when CPU time is short: no CAP_SYS_NICE");
}

/* First of all, since the loader's child inherits it. errno or 0. */
static int protect_from_oom_killer(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, OOM_SCORE_ADJ, strlen(OOM_SCORE_ADJ)) < 0 ? errno : 0;
}

/* Keeps the daemon responsive when memory is short. A step that the kernel refuses is reported, and not fatal. */
static void harden(struct daemon *daemon)
{
	if (daemon->oom_adj_error)
		degraded_set(daemon->board, "oom_score_adj", HR_WARNING,
			     "can't lower oom_score_adj: no CAP_SYS_RESOURCE");
	/* On fault: pages never used cost nothing; pages used once stay. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		degraded_set(daemon->board, "memory_lock", HR_WARNING,
			     "can't lock memory: no CAP_IPC_LOCK and a small RLIMIT_MEMLOCK");
	touch_code();
	if (daemon->config->mode == MODE_ENFORCE)
		daemon_set_priority(true, daemon);
}

/* Before the first thread, which inherits it. What the supervisor keeps beyond that, such as the change of user, is not for the
 * daemon. */
static void drop_capabilities(struct daemon *daemon)
{
	uint64_t kept = daemon_capabilities_kept();

	daemon->capabilities_error = rights_keep(kept, kept);
}

/* After all has been loaded, for every thread and for the loader's later children. */
static void filter_syscalls(struct daemon *daemon)
{
	const struct syscall_filter filter = {
		.more = syscalls_daemon, .n = syscalls_daemon_n, .families = FAMILY(AF_UNIX)};
	int err = syscall_filter_load(&filter);

	if (daemon->capabilities_error && !geteuid())
		degraded_set(daemon->board, "capabilities", HR_INFO,
			     "the bounding set of capabilities stays as it is: no CAP_SETPCAP");
	if (err && err != -ECANCELED)
		degraded_set(daemon->board, "seccomp", HR_INFO,
			     "the daemon runs without a filter of system calls: %s",
			     strerror(-err));
}

/* What the parts need before anything may fail. */
static void connect_parts(struct daemon *daemon, struct config *config,
			  struct daemon_sockets *sockets)
{
	daemon->config = config;
	daemon->sockets = sockets;
	resolver_init(&daemon->resolver, sockets->resolver_daemon);
	daemon->supervisor = (struct supervisor_client){.loop = &daemon->loop,
							.sockets = sockets,
							.ops = &daemon_supervisor_ops,
							.ops_arg = daemon,
							.fd = sockets->daemon_supervisor};
	daemon->oom_events.containers = &daemon->containers;
	daemon->oom_events.oom_kill = daemon_on_oom_kill;
	daemon->oom_events.reflex = daemon_on_reflex_state;
	daemon->oom_events.not_acted = daemon_on_not_acted;
	daemon->oom_events.arg = daemon;
	daemon->sampling.containers = &daemon->containers;
	daemon->sampling.maps = &daemon->memory_maps;
	daemon->sampling.config = config;
	daemon->sampling.counted = daemon_on_counted;
	daemon->sampling.arg = daemon;
	fast_poll_init(&daemon->sampling.fast_poll, &daemon->containers);
	control_init(&daemon->control, &daemon->loop, config, &daemon_control_ops, daemon);
}

static int open_policy_driver(struct daemon *daemon, int rules_fd)
{
	const struct policy_driver_setup setup = {
		.containers = &daemon->containers,
		.collector = daemon->sampling.collector,
		.loop = &daemon->loop,
		.config = daemon->config,
		.action_ops = &daemon_action_ops,
		.set_priority = daemon_set_priority,
		.arg = daemon,
		.rules_fd = rules_fd,
		.resolver_pid = daemon->sockets->resolver_pid,
	};

	return policy_driver_open(&setup, &daemon->policy_driver);
}

static int open_loop(struct daemon *daemon)
{
	int no_thread = fast_poll_open(&daemon->sampling.fast_poll,
				       collect_layout(daemon->sampling.collector));
	int err = daemon_watch(daemon);

	if (no_thread)
		degraded_set(daemon->board, "fast_poll", HR_WARNING,
			     "usage is read without its parts between sweeps: no thread (%s)",
			     strerror(-no_thread));
	err = err
		      ?: host_poll_open(&daemon->sampling.host_poll, &daemon->loop, daemon->board,
					daemon->config->root, &daemon->sampling.times,
					&daemon_host_poll_ops, daemon);
	if (err) {
		log_error("no event loop: %s", strerror(-err));
		return 1;
	}
	host_poll_set_policies(&daemon->sampling.host_poll,
			       policy_driver_policies(daemon->policy_driver));
	return 0;
}

static void report_start(const struct daemon *daemon)
{
	uint32_t policies = policy_driver_policies(daemon->policy_driver)->policies;

	log_info("watching the cgroups below %s, mode %s, %u polic%s; board %s",
		 collect_memory_root(daemon->sampling.collector),
		 config_mode_word(daemon->config->mode), policies, policies == 1 ? "y" : "ies",
		 board_path(daemon->board));
}

int daemon_start(struct daemon *daemon, struct config *config, int rules_fd,
		 struct daemon_sockets *sockets)
{
	uint32_t running;
	bool adopted = false;
	int status;

	prctl(PR_SET_NAME, "headroomd-main");
	mallopt(M_MMAP_THRESHOLD, 128 << 10); /* a table that is replaced goes back to the system */
	daemon->oom_adj_error = protect_from_oom_killer();
	drop_capabilities(daemon);
	connect_parts(daemon, config, sockets);
	if (loop_init(&daemon->loop)) {
		log_error("no event loop: %s", strerror(errno));
		return 1;
	}
	status = resolve_scope(config);
	status =
		status ?: open_board_and_collector(daemon, worker_capacity(config->root), &adopted);
	status = status ?: reserve_tables(daemon);
	if (status)
		return status;
	daemon->sampling.board = daemon->board;
	if (adopted)
		containers_adopt(&daemon->containers);
	fill_host(daemon);
	status = open_policy_driver(daemon, rules_fd) ?: open_loop(daemon);
	if (status)
		return status;
	running = daemon->containers.tracks.running;
	events_daemon(
		daemon->board, adopted ? HR_DAEMON_ADOPTED : HR_DAEMON_STARTED, HR_INFO, running,
		adopted ? "started; took over the board with %u cgroups" : "started%.0u", running);
	report_fallbacks(daemon);
	report_namespace(daemon);
	report_hidden(daemon);
	control_open(&daemon->control, daemon->board);
	harden(daemon);
	filter_syscalls(daemon);
	supervisor_client_ready(&daemon->supervisor, board_path(daemon->board));
	report_start(daemon);
	return 0;
}

void daemon_stop(struct daemon *daemon)
{
	if (daemon->board && daemon->sampling.worker.thread)
		events_daemon(daemon->board, HR_DAEMON_STOPPING, HR_INFO, 0, "stopping");
	control_close(&daemon->control);
	host_poll_close(&daemon->sampling.host_poll);
	worker_done(&daemon->sampling
			     .worker); /* its last job may read by enforce what owners protect */
	policy_driver_close(daemon->policy_driver);
	fast_poll_done(&daemon->sampling.fast_poll);
	collect_close(daemon->sampling.collector);
	board_close(daemon->board);
	containers_done(&daemon->containers);
	loop_done(&daemon->loop);
}
