// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The control socket. Reads fixed-size records, never text; sends without waiting; who floods it is dropped, not served. */
#include "control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy_driver.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "events.h"
#include "daemon_state.h"

#define TOKENS_MOST  20u               /* requests in one go … */
#define TOKEN_NS     (NS_PER_SEC / 10) /* … and ten a second */
#define IDLE_NS      (HR_CONTROL_IDLE_S * NS_PER_SEC)
#define DESCRIBE_NS  (5 * NS_PER_SEC) /* refusals are told this often, counted in between */
#define GROUPS_MOST  64
#define ACCEPT_MOST  32u /* connections between two ticks; more have to wait */
#define SERIAL_SHIFT 4   /* a client's number: serial and place */

void control_init(struct daemon *daemon)
{
	struct control *control = &daemon->control;

	control->fd = -1;
	control->tokens = TOKENS_MOST;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i].fd = -1;
}

static void drop(struct daemon *daemon, struct control_client *client)
{
	loop_remove(&daemon->loop, &client->watch);
	close(client->fd);
	client->fd = -1;
}

static void answer(struct daemon *daemon, struct control_client *client, uint32_t status,
		   const char *text)
{
	struct hr_control_answer out = {.magic = HR_CONTROL_MAGIC, .status = status};

	snprintf(out.text, sizeof(out.text), "%s", text);
	client->waiting = false;
	if (send(client->fd, &out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		drop(daemon, client);
}

void control_answer(struct daemon *daemon, int client, uint32_t status, const char *text)
{
	struct control_client *to = &daemon->control.client[client & ((1 << SERIAL_SHIFT) - 1)];

	if (to->fd >= 0 && to->serial == (uint32_t)client >> SERIAL_SHIFT)
		answer(daemon, to, status, text);
}

static void describe_refusal(struct daemon *daemon, const struct control_client *client,
			     const char *reason)
{
	struct control *control = &daemon->control;
	uint64_t now = clock_mono_ns();

	control->refused++;
	if (control->emitted_ns && now - control->emitted_ns < DESCRIBE_NS)
		return;
	notice_daemon(daemon, HR_DAEMON_CONTROL, HR_WARNING, control->refused,
		      "user %u asked at the control socket and was refused: %s", client->uid,
		      reason);
	control->emitted_ns = now;
	control->refused = 0;
}

static bool take_token(struct control *control, uint64_t now)
{
	uint64_t more = (now - control->tokens_ns) / TOKEN_NS;

	if (more) {
		control->tokens_ns = now;
		control->tokens = more > TOKENS_MOST - control->tokens
					  ? TOKENS_MOST
					  : control->tokens + (uint32_t)more;
	}
	if (!control->tokens)
		return false;
	control->tokens--;
	return true;
}

static void refuse(struct daemon *daemon, struct control_client *client, uint32_t status,
		   const char *reason)
{
	describe_refusal(daemon, client, reason);
	answer(daemon, client, status, reason);
	if (client->fd >= 0 && !client->allowed)
		drop(daemon, client);
}

static void serve_action(struct daemon *daemon, struct control_client *client,
			 const struct hr_control_request *asked)
{
	int number =
		(int)(client->serial << SERIAL_SHIFT | (uint32_t)(client - daemon->control.client));
	char text[HR_CONTROL_TEXT];
	int status;

	client->waiting = true;
	status = policy_driver_by_hand(daemon, asked, client->uid, number, text);
	if (status)
		refuse(daemon, client, (uint32_t)status, text);
}

static void serve(struct daemon *daemon, struct control_client *client,
		  const struct hr_control_request *asked)
{
	static const struct daemon_message reload = {.word = WORD_RELOAD};

	if (asked->word == HR_CONTROL_PING) {
		answer(daemon, client, 0, "headroomd " HEADROOM_VERSION);
	} else if (asked->word == HR_CONTROL_ACTION) {
		serve_action(daemon, client, asked);
	} else if (asked->word == HR_CONTROL_RELOAD) {
		bool emitted = daemon->supervisor_fd >= 0 &&
			       send(daemon->supervisor_fd, &reload, daemon_message_bytes(&reload),
				    MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;

		answer(daemon, client, emitted ? 0 : 1,
		       emitted ? "the supervisor reads the configuration again: see headroom events"
			       : "the supervisor can't be told");
	} else {
		refuse(daemon, client, 2, "no such request");
	}
}

static void on_request(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct control_client *client =
		(void *)((char *)watch - offsetof(struct control_client, watch));
	struct hr_control_request asked;
	ssize_t n;

	if (client->fd < 0)
		return;
	n = recv(client->fd, &asked, sizeof(asked), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(daemon, client);
		return;
	}
	client->heard_ns = clock_mono_ns();
	if (n != sizeof(asked) || asked.magic != HR_CONTROL_MAGIC)
		refuse(daemon, client, 2, "that is no request of this version");
	else if (!client->allowed)
		refuse(daemon, client, 4,
		       "only root, and whom `control: allow` of the configuration names");
	else if (client->waiting)
		refuse(daemon, client, 1, "one request at a time");
	else if (!take_token(&daemon->control, client->heard_ns))
		refuse(daemon, client, 1, "too many requests: at most ten a second");
	else
		serve(daemon, client, &asked);
}

/* By the peer's credentials of the moment it connected. */
static bool allowed(const struct daemon *daemon, int fd, const struct ucred *identity)
{
	const struct config *config = daemon->config;
	gid_t groups[GROUPS_MOST];
	socklen_t bytes = sizeof(groups);
	size_t n = 0;

	if (identity->uid == 0)
		return true;
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes))
		n = bytes / sizeof(*groups);
	for (uint32_t i = 0; i < config->allows; i++) {
		const struct config_allow *allow = &config->allow[i];

		if (allow->id == HR_UNKNOWN_U32)
			continue;
		if (allow->group ? identity->gid == allow->id : identity->uid == allow->id)
			return true;
		for (size_t g = 0; allow->group && g < n; g++)
			if (groups[g] == allow->id)
				return true;
	}
	return false;
}

static struct control_client *free_client(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->client[i].fd < 0)
			return &control->client[i];
	return NULL;
}

static void on_connect(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct daemon *daemon = arg;
	struct control *control = &daemon->control;
	_cleanup_close_ int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_client *client = free_client(control);
	struct ucred identity = {.uid = UINT32_MAX};
	socklen_t bytes = sizeof(identity);

	/* A flood, or no descriptors left: the socket is looked at again with the next tick. */
	if (++control->accepted > ACCEPT_MOST || (fd < 0 && errno != EAGAIN))
		loop_remove(&daemon->loop, &control->watch);
	if (fd < 0 || !client || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &identity, &bytes))
		return; /* all places taken: it is closed, and may come again */
	client->serial = ++control->serial & (UINT32_MAX >> (SERIAL_SHIFT + 1));
	client->uid = identity.uid;
	client->allowed = allowed(daemon, fd, &identity);
	client->waiting = false;
	client->heard_ns = clock_mono_ns();
	if (!loop_add(&daemon->loop, &client->watch, fd, EPOLLIN, on_request, daemon))
		client->fd = take_fd(fd);
}

void control_tick(struct daemon *daemon, uint64_t now_ns)
{
	struct control *control = &daemon->control;

	control->accepted = 0;
	if (control->fd >= 0 && control->watch.fd < 0)
		loop_add(&daemon->loop, &control->watch, control->fd, EPOLLIN, on_connect, daemon);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &daemon->control.client[i];

		if (client->fd >= 0 && !client->waiting && now_ns - client->heard_ns > IDLE_NS)
			drop(daemon, client);
	}
}

static int open_socket(struct control *control, const char *board)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s" HR_CONTROL_SUFFIX, board) >=
	    sizeof(at.sun_path))
		return -ENAMETOOLONG;
	unlink(at.sun_path); /* of a guard before us: the board's lock is ours */
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	strcpy(control->path, at.sun_path);
	/* Who may pass the board's folder may ask; whether he gets it is decided by who he is. */
	if (chmod(at.sun_path, 0666) || listen(fd, CONTROL_CLIENTS))
		return -errno;
	control->fd = take_fd(fd);
	return 0;
}

void control_open(struct daemon *daemon)
{
	struct control *control = &daemon->control;
	int err = open_socket(control, board_path(daemon->board));

	if (!err)
		err = loop_add(&daemon->loop, &control->watch, control->fd, EPOLLIN, on_connect,
			       daemon);
	if (err)
		notice_daemon(daemon, HR_DAEMON_FALLBACK, HR_WARNING, 0,
			      "no control socket beside the board: %s", strerror(-err));
}

void control_close(struct daemon *daemon)
{
	struct control *control = &daemon->control;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->client[i].fd >= 0)
			close(take_fd(control->client[i].fd));
	if (control->fd >= 0) {
		unlink(control->path);
		close(take_fd(control->fd));
	}
}
