// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rights.h"
#include "base/syscall_filter.h"
#include "base/sd_notify.h"
#include "enforce/capabilities.h"
#include "enforce/rollback.h"
#include "main_loop.h"
#include "service_status.h"
#include "supervisor_socket.h"
#include "supervisor_spawn.h"
#include "supervisor_state.h"

#define STOP_WAIT_MS 5000

/* New policies; a resolver that must look for other labels is started again. */
static void take_rules(struct supervisor *sv, struct rules *rules)
{
	bool same = sv->rules.set && rules_same_labels(sv->rules.set, rules->set);

	rules_done(&sv->rules);
	sv->rules = *rules;
	if (!same && sv->child[CHILD_RESOLVER].pid) {
		sv->relabel = true;
		child_kill(&sv->child[CHILD_RESOLVER], SIGTERM);
	}
}

static void reload(struct supervisor *sv)
{
	static struct supervisor_message message;
	struct config config = *sv->config, defaults;
	struct rules rules = {.fd = -1};
	int err;

	/* A key that is gone from the file has its default again; the command line's values stay. */
	config_init(&defaults);
	config.interval_ms = defaults.interval_ms;
	config.allows = 0;
	if (!config.mode_given)
		config.mode = defaults.mode;
	memset(&message, 0, sizeof(message));
	service_reloading();
	err = rules_load(sv->config_path, &config, &rules, message.text);
	if (err == -ENOENT)
		snprintf(message.text, sizeof(message.text), "%.400s: no such file",
			 sv->config_path);
	else if (err && err != -EINVAL)
		snprintf(message.text, sizeof(message.text), "%.400s: %s", sv->config_path,
			 strerror(-err));
	message.type = err ? MESSAGE_CONFIG_REFUSED : MESSAGE_CONFIG;
	if (err) {
		log_error("%s; keeping the configuration in force", message.text);
	} else {
		*sv->config = config;
		message.config = config;
		take_rules(sv, &rules);
		log_info("configuration loaded from %s", sv->config_path);
	}
	supervisor_send(&sv->sockets, &message, err ? -1 : sv->rules.fd);
	service_status_reloaded(err ? message.text : NULL);
}

static void stop_all(struct supervisor *sv)
{
	sv->stopping = true;
	if (!sv->successor) /* with one the service goes on */
		service_stopping();
	for (int i = 0; i < CHILDREN; i++) {
		struct child *child = &sv->child[i];

		/* Without CAP_KILL the resolver, which runs as another user, gets no signal: it ends when its socket closes. */
		if (child->pid && child_kill(child, SIGTERM) == -EPERM) {
			close(child->pidfd);
			child->pidfd = -1;
			child->pid = 0;
		}
	}
}

/* The program was replaced: the new one gets ready beside this one, then its daemon ends this one. */
static void start_successor(struct supervisor *sv)
{
	if (sv->stopping || sv->successor)
		return;
	sv->successor = supervisor_succeed();
	if (sv->successor > 0)
		return;
	log_error("can't start the new program: %s", strerror(-sv->successor));
	sv->successor = 0;
}

static void check_successor(struct supervisor *sv)
{
	if (!sv->successor || waitpid(sv->successor, NULL, WNOHANG) != sv->successor)
		return;
	sv->successor = 0;
	log_error("the new program did not start: this one continues");
	service_take_over();
}

static void on_signals(struct supervisor *sv)
{
	struct signalfd_siginfo info;

	while (read(sv->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload(sv);
			break;
		case SIGUSR2:
			start_successor(sv);
			break;
		case SIGCHLD:
			check_successor(sv);
			break;
		case SIGABRT:
			/* From a service manager that missed the heartbeat: a process that hangs does not react to SIGTERM. */
			if (sv->child[CHILD_DAEMON].pid)
				child_kill(&sv->child[CHILD_DAEMON], SIGKILL);
			/* fall through */
		default:
			if (!sv->stopping)
				stop_all(sv);
		}
	}
}

static void receive_daemon(struct supervisor *sv)
{
	static struct daemon_message notified;
	static struct supervisor_message answer;
	ssize_t n;

	while ((n = recv(sv->sockets.supervisor_daemon, &notified, sizeof(notified),
			 MSG_DONTWAIT)) > 0) {
		if ((size_t)n < sizeof(notified) - MESSAGE_TEXT || notified.bytes > MESSAGE_TEXT ||
		    daemon_message_bytes(&notified) != (size_t)n)
			continue;
		if (notified.type == MESSAGE_READY) {
			sv->was_ready = true;
			snprintf(sv->undo, sizeof(sv->undo), "%.*s" UNDO_SUFFIX,
				 (int)strnlen(notified.text, notified.bytes), notified.text);
			service_status_board(notified.text,
					     (int)strnlen(notified.text, notified.bytes),
					     sv->child[CHILD_DAEMON].pid);
		} else if (notified.type == MESSAGE_RUN && !sv->stopping) {
			if (commands_run(&sv->commands, &notified, &answer))
				supervisor_send(&sv->sockets, &answer, -1);
		} else if (notified.type == MESSAGE_RELOAD) {
			reload(sv);
		} else if (notified.type == MESSAGE_WRONG) {
			supervisor_end_wrong_resolver(sv, &notified);
		} else if (notified.type == MESSAGE_NO_SPARE && !sv->stopping) {
			supervisor_start_spare(sv);
		}
	}
}

static void undo_for_daemon(const struct supervisor *sv)
{
	struct undo *undo;
	unsigned int n;

	if (!*sv->undo || undo_open(sv->undo, &undo))
		return;
	n = undo_all(undo);
	undo_close(undo);
	if (n)
		log_info("took back %u limits and frozen cgroups that the daemon had set", n);
}

/* It logged the cause, and a restart would not help. A board in use belongs to another daemon only at the first try: later
 * what is left of the previous daemon holds it (its loader, for a second). */
static bool hopeless(const struct supervisor *sv, int status)
{
	if (status == DAEMON_EXIT_BUSY)
		return sv->daemons == 1;
	return status == 0 || status >= 2 || !sv->was_ready;
}

static void on_end(struct supervisor *sv, int which)
{
	struct child *child = &sv->child[which];
	int status = child_reap(child);
	uint64_t now = clock_mono_ns();

	close(child->pidfd);
	child->pidfd = -1;
	child->pid = 0;
	if (which == CHILD_DAEMON) {
		receive_daemon(sv);
		undo_for_daemon(sv);
	}
	if (sv->stopping)
		return;
	if (which == CHILD_DAEMON && status >= 0 && WIFEXITED(status) &&
	    hopeless(sv, WEXITSTATUS(status))) {
		sv->status = WEXITSTATUS(status) == DAEMON_EXIT_BUSY ? 1 : WEXITSTATUS(status);
		stop_all(sv);
		return;
	}
	supervisor_plan_restart(sv, which, status, now);
}

/* Of two timeouts as poll(2) has them, -1: never. */
static int sooner(int a, int b) { return a < 0 || (b >= 0 && b < a) ? b : a; }

enum {
	POLL_SIGNALS,
	POLL_DAEMON,
	POLL_CHILDREN,
	POLL_COMMANDS = POLL_CHILDREN + CHILDREN,
	POLL_OUTPUT = POLL_COMMANDS + COMMANDS_MOST,
	POLLS = POLL_OUTPUT + COMMANDS_MOST
};

static void poll_set(const struct supervisor *sv, struct pollfd fds[POLLS])
{
	const struct command *command = sv->commands.command;

	for (int i = 0; i < POLLS; i++)
		fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	fds[POLL_SIGNALS].fd = sv->signal_fd;
	/* Its end is seen by its pidfd. */
	if (sv->child[CHILD_DAEMON].pid)
		fds[POLL_DAEMON].fd = sv->sockets.supervisor_daemon;
	for (int i = 0; i < CHILDREN; i++)
		fds[POLL_CHILDREN + i].fd = sv->child[i].pid ? sv->child[i].pidfd : -1;
	for (int i = 0; i < COMMANDS_MOST; i++) {
		fds[POLL_COMMANDS + i].fd = command[i].pid ? command[i].pidfd : -1;
		fds[POLL_OUTPUT + i].fd = command[i].pid ? command[i].out_fd : -1;
	}
}

static void poll_serve(struct supervisor *sv, const struct pollfd fds[POLLS])
{
	static struct supervisor_message answer;

	if (fds[POLL_SIGNALS].revents)
		on_signals(sv);
	if (fds[POLL_DAEMON].revents)
		receive_daemon(sv);
	for (int i = 0; i < CHILDREN; i++)
		if (fds[POLL_CHILDREN + i].revents)
			on_end(sv, i);
	for (int i = 0; i < COMMANDS_MOST; i++)
		if (fds[POLL_OUTPUT + i].revents)
			commands_print(&sv->commands, i);
	for (int i = 0; i < COMMANDS_MOST; i++)
		if (fds[POLL_COMMANDS + i].revents && commands_ended(&sv->commands, i, &answer))
			supervisor_send(&sv->sockets, &answer, -1);
}

static int supervise(struct supervisor *sv)
{
	uint64_t deadline = 0;

	while (!sv->stopping || supervisor_has_children(sv)) {
		uint64_t now = clock_mono_ns();
		int timeout = sooner(
			sooner(supervisor_restart_ms(sv), commands_expire(&sv->commands, now)),
			sv->stopping ? 200 : service_status_update());
		struct pollfd fds[POLLS];

		supervisor_end_silent_daemon(sv);
		poll_set(sv, fds);
		if (sv->stopping && !deadline)
			deadline = now + STOP_WAIT_MS * NS_PER_MS;
		if (deadline && now > deadline)
			for (int i = 0; i < CHILDREN; i++)
				if (sv->child[i].pid)
					child_kill(&sv->child[i], SIGKILL);
		if (poll(fds, POLLS, timeout) < 0 && errno != EINTR)
			return 1;
		poll_serve(sv, fds);
		supervisor_restart_due(sv);
	}
	commands_stop(&sv->commands);
	return sv->status;
}

static int take_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGABRT);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void supervisor_init(struct supervisor *sv, const char *config_path, struct config *config,
			    char **argv, bool first)
{
	*sv = (struct supervisor){
		.config_path = config_path,
		.config = config,
		.rules = {.fd = -1},
		.sockets = {.resolver_daemon = -1,
			    .resolver_resolver = -1,
			    .daemon_supervisor = -1,
			    .supervisor_daemon = -1,
			    .spare = -1,
			    .predecessor = -1},
		.child = {{.name = "daemon", .pidfd = -1}, {.name = "resolver", .pidfd = -1}},
	};
	commands_init(&sv->commands);
	supervisor_set_argv(argv);
	/* Passed on to all that it starts. In a container without CAP_SETPCAP the bounding set stays: the daemon says so. */
	rights_keep(supervisor_capabilities_kept(), supervisor_capabilities_kept());
	if (rights_close())
		log_error("can't give up rights: %s", strerror(errno));
	/* Where it fails, so does the daemon's, which says so. One that takes over from another has its filter. */
	if (first || prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER)
		syscall_filter_refuse();
	prctl(PR_SET_NAME, "headroomd");
}

int supervisor_run(const char *config_path, struct config *config, struct rules *rules, char **argv,
		   pid_t succeeds)
{
	struct supervisor sv;
	int err;

	supervisor_init(&sv, config_path, config, argv, !succeeds);
	if (succeeds) {
		/* Still the parent now that the descriptor is open: so it is no other process's. */
		sv.sockets.predecessor = child_pidfd(succeeds);
		if (sv.sockets.predecessor < 0 || getppid() != succeeds) {
			log_error(SUPERVISOR_SUCCEED " is for internal use");
			return 2;
		}
		service_take_over();
	} else {
		service_begin();
	}
	sv.rules = *rules;
	sv.signal_fd = take_signals();
	err = sv.signal_fd < 0 ? sv.signal_fd : supervisor_start_children(&sv);
	if (err) {
		log_error("can't start: %s", strerror(-err));
		return 1;
	}
	return supervise(&sv);
}

int supervisor_adopt(const char *words, const char *config_path, struct config *config, char **argv)
{
	static struct supervisor_message hello = {.type = MESSAGE_SUPERVISOR};
	struct supervisor sv;
	pid_t daemon;
	int rules;

	supervisor_init(&sv, config_path, config, argv, false);
	if (sscanf(words, SUPERVISOR_WORDS, &daemon, &sv.sockets.resolver_pid,
		   &sv.sockets.resolver_daemon, &sv.sockets.resolver_resolver,
		   &sv.sockets.supervisor_daemon, &rules) != 6) {
		log_error(SUPERVISOR_ADOPT " is for internal use");
		return 2;
	}
	fcntl(sv.sockets.resolver_daemon, F_SETFD, FD_CLOEXEC);
	fcntl(sv.sockets.resolver_resolver, F_SETFD, FD_CLOEXEC);
	fcntl(sv.sockets.supervisor_daemon, F_SETFD, FD_CLOEXEC);
	fcntl(rules, F_SETFD, FD_CLOEXEC);
	/* The daemon's policies; the file may have changed since. */
	if (rules_map(rules, &sv.rules))
		log_error("the policies in force were not handed over: a daemon that is started "
			  "again has none");
	else
		config->mode = sv.rules.set->mode;
	sv.signal_fd = take_signals();
	service_take_over();
	child_adopt(&sv.child[CHILD_DAEMON], daemon);
	sv.daemons = 1;
	sv.was_ready = true;
	child_adopt(&sv.child[CHILD_RESOLVER], sv.sockets.resolver_pid);
	hello.pid = getpid();
	supervisor_send(&sv.sockets, &hello, -1);
	log_info("the supervisor died: a new one has taken over");
	return supervise(&sv);
}
