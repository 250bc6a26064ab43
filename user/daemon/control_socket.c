// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reads fixed-size records, never text; sends without waiting; too many requests are refused. */
#include "control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "events.h"

#define TOKENS_MOST  20u               /* requests in one go … */
#define TOKEN_NS     (NS_PER_SEC / 10) /* … and ten a second */
#define IDLE_NS      (HR_CONTROL_IDLE_S * NS_PER_SEC)
#define DESCRIBE_NS  (5 * NS_PER_SEC) /* between two events of refusals, which count them */
#define GROUPS_MOST  64
#define ACCEPT_MOST  32u /* connections between two ticks; more have to wait */
#define SERIAL_SHIFT 4   /* a client's number: serial and place */

void control_init(struct control *control, struct loop *loop, const struct config *config,
		  const struct control_ops *ops, void *ops_arg)
{
	*control = (struct control){.loop = loop,
				    .config = config,
				    .ops = ops,
				    .ops_arg = ops_arg,
				    .fd = -1,
				    .tokens = TOKENS_MOST};
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i].fd = -1;
}

static void drop(struct control *control, struct control_client *client)
{
	loop_remove(control->loop, &client->watch);
	close(client->fd);
	client->fd = -1;
}

static void answer(struct control *control, struct control_client *client, uint32_t status,
		   const char *text)
{
	struct hr_control_answer out = {.magic = HR_CONTROL_MAGIC, .status = status};

	snprintf(out.text, sizeof(out.text), "%s", text);
	client->waiting = false;
	if (send(client->fd, &out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		drop(control, client);
}

void control_answer(struct control *control, int client, uint32_t status, const char *text)
{
	struct control_client *to = &control->client[client & ((1 << SERIAL_SHIFT) - 1)];

	if (to->fd >= 0 && to->serial == (uint32_t)client >> SERIAL_SHIFT)
		answer(control, to, status, text);
}

static void post_refusal(struct control *control, const struct control_client *client,
			 const char *reason)
{
	uint64_t now = clock_mono_ns();

	control->refused++;
	if (control->emitted_ns && now - control->emitted_ns < DESCRIBE_NS)
		return;
	events_daemon(control->board, HR_DAEMON_CONTROL, HR_WARNING, control->refused,
		      "refused a request of user %u at the control socket: %s", client->uid,
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

static void refuse(struct control *control, struct control_client *client, uint32_t status,
		   const char *reason)
{
	post_refusal(control, client, reason);
	answer(control, client, status, reason);
	if (client->fd >= 0 && !client->allowed)
		drop(control, client);
}

static void serve_action(struct control *control, struct control_client *client,
			 const struct hr_control_request *asked)
{
	int number = (int)(client->serial << SERIAL_SHIFT | (uint32_t)(client - control->client));
	char text[HR_CONTROL_TEXT];
	int status;

	client->waiting = true;
	status = control->ops->action(asked, client->uid, number, text, control->ops_arg);
	if (status)
		refuse(control, client, (uint32_t)status, text);
}

static void serve(struct control *control, struct control_client *client,
		  const struct hr_control_request *asked)
{
	if (asked->word == HR_CONTROL_PING) {
		answer(control, client, 0, "headroomd " HEADROOM_VERSION);
	} else if (asked->word == HR_CONTROL_ACTION) {
		serve_action(control, client, asked);
	} else if (asked->word == HR_CONTROL_RELOAD) {
		bool sent = control->ops->reload(control->ops_arg);

		answer(control, client, sent ? 0 : 1,
		       sent ? "the supervisor reads the configuration again: see headroom events"
			    : "the supervisor can't be reached");
	} else {
		refuse(control, client, 2, "unknown request");
	}
}

static void on_request(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct control *control = arg;
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
		drop(control, client);
		return;
	}
	client->request_ns = clock_mono_ns();
	if (n != sizeof(asked) || asked.magic != HR_CONTROL_MAGIC)
		refuse(control, client, 2, "not a request of this version");
	else if (!client->allowed)
		refuse(control, client, 4,
		       "only root, and users that `control: allow` of the configuration names");
	else if (client->waiting)
		refuse(control, client, 1, "one request at a time");
	else if (!take_token(control, client->request_ns))
		refuse(control, client, 1, "too many requests: at most ten a second");
	else
		serve(control, client, &asked);
}

/* By the credentials that the client had when it connected. */
static bool allowed(const struct control *control, int fd, const struct ucred *identity)
{
	const struct config *config = control->config;
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
	struct control *control = arg;
	_cleanup_close_ int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_client *client = free_client(control);
	struct ucred identity = {.uid = UINT32_MAX};
	socklen_t bytes = sizeof(identity);

	/* Too many at once, or no descriptors left: the socket is read again at the next tick. */
	if (++control->accepted > ACCEPT_MOST || (fd < 0 && errno != EAGAIN))
		loop_remove(control->loop, &control->watch);
	if (fd < 0 || !client || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &identity, &bytes))
		return; /* all places are taken: it is closed, and may connect again */
	client->serial = ++control->serial & (UINT32_MAX >> (SERIAL_SHIFT + 1));
	client->uid = identity.uid;
	client->allowed = allowed(control, fd, &identity);
	client->waiting = false;
	client->request_ns = clock_mono_ns();
	if (!loop_add(control->loop, &client->watch, fd, EPOLLIN, on_request, control))
		client->fd = take_fd(fd);
}

void control_tick(struct control *control, uint64_t now_ns)
{
	control->accepted = 0;
	if (control->fd >= 0 && control->watch.fd < 0)
		loop_add(control->loop, &control->watch, control->fd, EPOLLIN, on_connect, control);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];

		if (client->fd >= 0 && !client->waiting && now_ns - client->request_ns > IDLE_NS)
			drop(control, client);
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
	unlink(at.sun_path); /* of the previous daemon: this one holds the board's lock */
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	strcpy(control->path, at.sun_path);
	/* Each user with access to the board's directory can connect; allowed() checks the permission. */
	if (chmod(at.sun_path, 0666) || listen(fd, CONTROL_CLIENTS))
		return -errno;
	control->fd = take_fd(fd);
	return 0;
}

void control_open(struct control *control, struct board *board)
{
	int err = open_socket(control, board_path(board));

	control->board = board;
	if (!err)
		err = loop_add(control->loop, &control->watch, control->fd, EPOLLIN, on_connect,
			       control);
	if (err)
		events_daemon(control->board, HR_DAEMON_FALLBACK, HR_WARNING, 0,
			      "no control socket: %s", strerror(-err));
}

void control_close(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->client[i].fd >= 0)
			close(take_fd(control->client[i].fd));
	if (control->fd >= 0) {
		unlink(control->path);
		close(take_fd(control->fd));
	}
}
