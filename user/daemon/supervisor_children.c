// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Start and restart of the supervisor's children, and the end of one that does wrong. */
#include "supervisor_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "main_loop.h"
#include "resolver_start.h"
#include "service_status.h"
#include "spare.h"
#include "supervisor_socket.h"

#define RESTART_MOST_NS  (5 * NS_PER_SEC)
#define RESOLVER_MOST_NS (600 * NS_PER_SEC) /* the daemon does without */
#define RESOLVER_DOWN    4                  /* ends in quick succession: it does not start */
/* After this long its earlier ends no longer delay a restart. */
#define STEADY_NS (10 * NS_PER_SEC)

/* The daemon is a fork, so that it inherits the compiled configuration. */
static int start_daemon(struct supervisor *sv)
{
	pid_t pid;
	int err;

	if (sv->sockets.supervisor_daemon >= 0)
		close(take_fd(sv->sockets.supervisor_daemon));
	sv->sockets.spare = spare_start(&sv->sockets, &sv->spare); /* < 0: the daemon asks later */
	err = supervisor_pair(&sv->sockets.daemon_supervisor, &sv->sockets.supervisor_daemon);
	if (err)
		return err;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(sv->sockets.supervisor_daemon);
		sv->sockets.supervisor_daemon = -1;
		close(sv->signal_fd);
		for (int i = 0; i < CHILDREN; i++)
			if (sv->child[i].pidfd >= 0)
				close(sv->child[i].pidfd);
		_exit(daemon_run(sv->config, sv->rules.fd, &sv->sockets));
	}
	sv->daemons++;
	close(take_fd(sv->sockets.daemon_supervisor));
	if (sv->sockets.spare >= 0)
		close(take_fd(sv->sockets.spare)); /* ends with the daemon */
	if (sv->sockets.predecessor >= 0)
		close(take_fd(sv->sockets.predecessor)); /* the first daemon ends it */
	child_watch(&sv->child[CHILD_DAEMON], pid);
	return 0;
}

/* Once for each cause: the daemon knows whether it has said so. */
static void report_resolver_down(struct supervisor *sv, const char *why)
{
	static struct supervisor_message message = {.type = MESSAGE_RESOLVER_DOWN};

	snprintf(message.text, sizeof(message.text), "%s", why);
	if (sv->child[CHILD_DAEMON].pid)
		supervisor_send(&sv->sockets, &message, -1);
}

void supervisor_start_spare(struct supervisor *sv)
{
	static struct supervisor_message message = {.type = MESSAGE_SPARE};
	_cleanup_close_ int fd = spare_start(&sv->sockets, &sv->spare);

	if (fd >= 0)
		supervisor_send(&sv->sockets, &message, fd);
}

static int start_resolver(struct supervisor *sv)
{
	pid_t pid = resolver_start(sv->config, &sv->sockets, sv->rules.set);

	if (pid == -ENOENT) {
		if (!sv->resolver_missing)
			log_error("headroom-resolver is not installed beside headroomd: containers "
				  "have no names; run make install");
		sv->resolver_missing = true;
		sv->child[CHILD_RESOLVER].restart_ns = clock_mono_ns() + RESTART_MOST_NS;
		report_resolver_down(sv, "headroom-resolver is not installed");
		return 0;
	}
	if (pid < 0)
		return pid;
	sv->sockets.resolver_pid = pid;
	child_watch(&sv->child[CHILD_RESOLVER], pid);
	return 0;
}

int supervisor_start_children(struct supervisor *sv)
{
	int err = supervisor_pair(&sv->sockets.resolver_daemon, &sv->sockets.resolver_resolver);

	if (err)
		return err;
	if (start_resolver(sv)) /* no process for it now: the daemon does without */
		sv->child[CHILD_RESOLVER].restart_ns = clock_mono_ns() + RESTART_MOST_NS;
	err = start_daemon(sv);
	if (!err && sv->resolver_missing)
		report_resolver_down(sv, "headroom-resolver is not installed");
	return err;
}

/* A child ended by itself: says so, but not each time of one that does not start. */
static void report_end(struct supervisor *sv, int which, int status)
{
	const struct child *child = &sv->child[which];
	char why[64] = "it ended";

	if (status >= 0 && WIFSIGNALED(status))
		snprintf(why, sizeof(why), "it was killed by signal %d", WTERMSIG(status));
	else if (status >= 0)
		snprintf(why, sizeof(why), "it ended with status %d", WEXITSTATUS(status));
	if (which == CHILD_RESOLVER && child->falls >= RESOLVER_DOWN) {
		if (child->falls == RESOLVER_DOWN)
			log_error("the resolver does not start (%s): it is tried again ever more "
				  "rarely, and containers have no names",
				  why);
		report_resolver_down(sv, why);
		return;
	}
	log_error("the %s: %s: starting it again", child->name, why);
}

void supervisor_plan_restart(struct supervisor *sv, int which, int status, uint64_t now)
{
	struct child *child = &sv->child[which];

	child->falls = now - child->started_ns > STEADY_NS ? 0 : child->falls + 1;
	if (which == CHILD_RESOLVER && sv->relabel)
		child->falls = 0; /* on purpose */
	else if (which == CHILD_RESOLVER && sv->wrong)
		child->falls = sv->wrongs; /* it was said */
	else
		report_end(sv, which, status);
	child->restart_ns =
		now + child_pause_ns(child->falls,
				     which == CHILD_RESOLVER ? RESOLVER_MOST_NS : RESTART_MOST_NS);
}

static int (*const start_child[CHILDREN])(struct supervisor *sv) = {
	[CHILD_DAEMON] = start_daemon,
	[CHILD_RESOLVER] = start_resolver,
};

void supervisor_restart_due(struct supervisor *sv)
{
	uint64_t now = clock_mono_ns();

	for (int i = 0; i < CHILDREN; i++) {
		struct child *child = &sv->child[i];
		static struct supervisor_message message;

		if (sv->stopping || child->pid || !child->restart_ns || child->restart_ns > now)
			continue;
		if (start_child[i](sv) || !child->pid) { /* the resolver may not be installed yet */
			child->restart_ns = now + RESTART_MOST_NS;
			continue;
		}
		if (i == CHILD_RESOLVER) {
			message.type = MESSAGE_RESOLVER;
			message.pid = child->pid;
			message.relabel = sv->relabel;
			message.again = child->falls >= RESOLVER_DOWN || sv->wrong;
			sv->relabel = sv->wrong = false;
			supervisor_send(&sv->sockets, &message, -1);
		}
	}
}

int supervisor_restart_ms(const struct supervisor *sv)
{
	uint64_t now = clock_mono_ns();
	int timeout = -1;

	for (int i = 0; i < CHILDREN; i++) {
		uint64_t at = sv->child[i].restart_ns;
		int ms = at > now ? (int)((at - now) / NS_PER_MS) + 1 : 0;

		if (at && !sv->child[i].pid && (timeout < 0 || ms < timeout))
			timeout = ms;
	}
	return timeout;
}

bool supervisor_has_children(const struct supervisor *sv)
{
	for (int i = 0; i < CHILDREN; i++)
		if (sv->child[i].pid)
			return true;
	return false;
}

/* A container may control it. Without CAP_KILL it runs on: the daemon receives nothing from it. */
void supervisor_end_wrong_resolver(struct supervisor *sv, const struct daemon_message *message)
{
	struct child *child = &sv->child[CHILD_RESOLVER];
	uint64_t now = clock_mono_ns();
	int err;

	if (sv->wrong || !child->pid || (uint64_t)child->pid != message->tag)
		return;
	sv->wrong = true;
	sv->wrongs = now - sv->wrong_ns > RESOLVER_MOST_NS ? 1 : sv->wrongs + 1;
	sv->wrong_ns = now;
	err = child_kill(child, SIGKILL);
	if (sv->wrongs == 1 || err)
		log_error("the resolver sent a wrong message (%.*s): %s%s",
			  (int)strnlen(message->text, message->bytes), message->text,
			  err ? "it can't be ended, and no container gets a name: "
			      : "it is ended; the next one starts, ever later if this goes on",
			  err ? strerror(-err) : "");
}

/* It hangs, or a signal stopped it. Its end starts it again; one that the kernel holds up ends later. */
void supervisor_end_silent_daemon(struct supervisor *sv)
{
	struct child *child = &sv->child[CHILD_DAEMON];

	if (sv->stopping || !child->pid || sv->silent == child->pid ||
	    !service_status_silent(child->pid))
		return;
	sv->silent = child->pid;
	log_error("the daemon has written no heartbeat for 10 s: it is ended");
	child_kill(child, SIGKILL);
}
