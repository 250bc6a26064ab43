// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The guard's end of the wire to its supervisor: what it says, and a new one where it died. Parses nothing: a configuration
 * comes compiled, and its policies are looked through before they are used.
 */
#include "supervisor_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy_driver.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "resolver_client.h"
#include "events.h"
#include "supervisor.h"

#define RESPAWN_NS (5 * NS_PER_SEC)

static void on_supervisor(struct loop_watch *watch, uint32_t events, void *arg);

/* One that does not stay up is tried again at a later tick. */
void superior_respawn(struct daemon *daemon, uint64_t now)
{
	int fd;

	if (now - daemon->respawn_ns < RESPAWN_NS)
		return;
	daemon->respawn_ns = now;
	fd = supervisor_respawn(daemon->wires, policy_driver_rules_fd(daemon));
	if (fd < 0)
		return;
	daemon->supervisor_fd = fd;
	daemon_ready(daemon);
	superior_watch(daemon);
	notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
		      "the supervisor died: started again");
}

/* The rest can't change while it runs; and the scope may have been "self". */
static void on_config(struct daemon *daemon, const struct supervisor_message *message, int rules_fd)
{
	const struct config *config = &message->config;
	uint32_t policies;

	daemon->config->interval_ms = config->interval_ms;
	daemon->config->allows = config->allows;
	memcpy(daemon->config->allow, config->allow, sizeof(config->allow));
	daemon_set_tick(daemon);
	policy_driver_rules(daemon, rules_fd);
	policies = policy_driver_policies(daemon);
	notice_daemon(daemon, HR_DAEMON_CONFIG_LOADED, HR_INFO, policies,
		      "configuration loaded: mode %s, interval %u ms, %u polic%s",
		      config_mode_word(daemon->config->mode), config->interval_ms, policies,
		      policies == 1 ? "y" : "ies");
}

/* Gives back the length as recv() does; *ret_fd: what came with it, or -1. */
static ssize_t receive(int from, struct supervisor_message *message, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {message, sizeof(*message)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*ret_fd = -1;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(cmsg), sizeof(int));
	return n;
}

/* The supervisor's word; or its end, and then a new one is started from here. */
static void on_supervisor(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	static struct supervisor_message message;
	_cleanup_close_ int fd = -1;
	ssize_t n = receive(daemon->supervisor_fd, &message, &fd);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		loop_remove(&daemon->loop, &daemon->w_supervisor);
		close(daemon->supervisor_fd);
		daemon->supervisor_fd = -1;
		superior_respawn(daemon, clock_mono_ns());
		return;
	}
	if (n != sizeof(message))
		return;
	switch (message.word) {
	case WORD_CONFIG:
		on_config(daemon, &message, take_fd(fd));
		break;
	case WORD_CONFIG_REFUSED:
		notice_daemon(daemon, HR_DAEMON_CONFIG_REFUSED, HR_WARNING, 0,
			      "the old one stays: %s", message.text);
		break;
	case WORD_RESOLVER:
		daemon->wires->resolver_pid = message.pid;
		policy_driver_exempt(daemon, POLICY_DRIVER_RESOLVER, message.pid);
		daemon->asked_out = 0;
		notice_daemon(daemon, HR_DAEMON_RESOLVER, message.relabel ? HR_INFO : HR_WARNING, 0,
			      message.relabel ? "the resolver looks for other labels: started again"
					      : "the resolver died: started again");
		if (message.relabel)
			link_relabel(daemon);
		break;
	case WORD_SUPERVISOR:
		policy_driver_exempt(daemon, POLICY_DRIVER_SUPERVISOR, message.pid);
		break;
	case WORD_RAN:
		policy_driver_ran(daemon, &message);
		break;
	}
}

int superior_watch(struct daemon *daemon)
{
	return loop_add(&daemon->loop, &daemon->w_supervisor, daemon->supervisor_fd, EPOLLIN,
			on_supervisor, daemon);
}
