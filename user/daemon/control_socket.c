// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Reads fixed-size records, never text; sends without waiting; too many requests are refused. */
#include "control_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/rights.h"
#include "base/unix_socket.h"
#include "degraded.h"
#include "events.h"

#define TOKENS_MOST  20u               /* requests of a user in one go … */
#define TOKEN_NS     (NS_PER_SEC / 10) /* … and ten a second */
#define IDLE_NS      (HR_CONTROL_IDLE_S * NS_PER_SEC)
#define FIRST_NS     (HR_CONTROL_FIRST_S * NS_PER_SEC)
#define DESCRIBE_NS  (5 * NS_PER_SEC) /* between two events of refusals, which count them */
#define BACKLOG      128
#define ACCEPT_ROUND 64u /* connections in one go: the loop has other descriptors to look after */
#define ACCEPT_MOST  20000u /* … and between two ticks; more have to wait */
#define SERIAL_SHIFT 4      /* a client's number: serial and place */
#define ROOT         0u

_Static_assert(CONTROL_CLIENTS <= 1 << SERIAL_SHIFT, "a client's number holds its place");

void control_init(struct control *control, struct loop *loop, const struct config *config,
		  const struct control_ops *ops, void *ops_arg)
{
	*control = (struct control){
		.loop = loop, .config = config, .ops = ops, .ops_arg = ops_arg, .fd = -1};
	control->place.dir_fd = -1;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->client[i].fd = -1;
}

static void post_refusal(struct control *control, uint32_t uid, const char *reason)
{
	uint64_t now = clock_mono_ns();

	control->refused++;
	if (control->emitted_ns && now - control->emitted_ns < DESCRIBE_NS)
		return;
	events_daemon(control->board, HR_DAEMON_CONTROL, HR_WARNING, control->refused,
		      "refused a request of user %u at the control socket: %s", uid, reason);
	control->emitted_ns = now;
	control->refused = 0;
}

static void hang_up(struct control *control, int fd, uint32_t uid)
{
	if (unix_hang_up(fd))
		return;
	post_refusal(control, uid, "it passes descriptors");
	if (++control->parked == CONTROL_PARKED)
		control_permit(control);
}

static void drop(struct control *control, struct control_client *client)
{
	loop_remove(control->loop, &client->watch);
	hang_up(control, take_fd(client->fd), client->uid);
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

static struct control_rate *find_rate(struct control *control, uint32_t uid)
{
	struct control_rate *oldest = &control->rate[1];

	if (uid == ROOT)
		return &control->rate[0];
	for (size_t i = 1; i < CONTROL_USERS; i++) {
		if (control->rate[i].ns && control->rate[i].uid == uid)
			return &control->rate[i];
		if (control->rate[i].ns < oldest->ns)
			oldest = &control->rate[i];
	}
	*oldest = (struct control_rate){.uid = uid};
	return oldest;
}

static bool take_token(struct control *control, uint32_t uid, uint64_t now)
{
	struct control_rate *rate = find_rate(control, uid);
	uint64_t more = (now - rate->ns) / TOKEN_NS;

	if (more) {
		rate->ns = now;
		rate->tokens = more > TOKENS_MOST - rate->tokens ? TOKENS_MOST
								 : rate->tokens + (uint32_t)more;
	}
	if (!rate->tokens)
		return false;
	rate->tokens--;
	return true;
}

static void refuse(struct control *control, struct control_client *client, uint32_t status,
		   const char *reason)
{
	post_refusal(control, client->uid, reason);
	answer(control, client, status, reason);
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

static void serve_pause(struct control *control, struct control_client *client,
			const struct hr_control_request *asked)
{
	char text[HR_CONTROL_TEXT];
	int status = control->ops->pause(asked, client->uid, text, control->ops_arg);

	answer(control, client, (uint32_t)status, text);
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
		serve_pause(control, client, asked);
	}
}

static const char not_allowed[] =
	"only root, and users that `control: allow` of the configuration names";

static bool allowed(const struct control *control, const struct control_peer *peer)
{
	return control_peer_allowed(peer, control->config->allow, control->config->allows,
				    control->unmapped) &&
	       (control->parked < CONTROL_PARKED || peer->uid == ROOT);
}

/* Permission may have ended since it connected. */
static bool still_allowed(const struct control *control, int fd)
{
	static struct control_peer peer;

	return !control_peer_read(fd, &peer) && allowed(control, &peer);
}

const char *control_packet_error(const struct hr_control_request *asked, ssize_t n)
{
	if (n != sizeof(*asked) || asked->magic != HR_CONTROL_MAGIC)
		return "not a request of this version";
	if (asked->word >= HR_CONTROL_COMMANDS)
		return "unknown request";
	return NULL;
}

static void on_request(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct control *control = arg;
	struct control_client *client =
		(void *)((char *)watch - offsetof(struct control_client, watch));
	struct hr_control_request asked;
	const char *error;
	ssize_t n;

	if (client->fd < 0)
		return;
	n = unix_receive(client->fd, &asked, sizeof(asked));
	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		drop(control, client);
		return;
	}
	client->asked = true;
	client->request_ns = clock_mono_ns();
	error = control_packet_error(&asked, n);
	if (!still_allowed(control, client->fd)) {
		refuse(control, client, 4, not_allowed);
		if (client->fd >= 0)
			drop(control, client);
	} else if (error) {
		refuse(control, client, 2, error);
	} else if (client->waiting) {
		refuse(control, client, 1, "one request at a time");
	} else if (!take_token(control, client->uid, client->request_ns)) {
		refuse(control, client, 1, "too many requests: at most ten a second");
	} else {
		serve(control, client, &asked);
	}
}

/* ---- places ---- */

static size_t places_of(const struct control *control, uint32_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		n += control->client[i].fd >= 0 && control->client[i].uid == uid;
	return n;
}

/* No action in progress, and no request that waits to be read. */
static bool is_idle(const struct control_client *client)
{
	char byte;

	return client->fd >= 0 && !client->waiting &&
	       recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

/* The idle client to give way: of the user with the most places, the one that asked longest ago. `own`: only one of this
 * uid; else of any user, root's only for root itself. */
static struct control_client *pick_idle(struct control *control, uint32_t uid, bool own)
{
	struct control_client *pick = NULL;
	size_t most = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];
		size_t n = client->uid == ROOT ? 1 : 1 + places_of(control, client->uid);

		if ((own ? client->uid != uid : client->uid == ROOT && uid != ROOT) ||
		    !is_idle(client))
			continue;
		if (n > most || (n == most && client->request_ns < pick->request_ns)) {
			most = n;
			pick = client;
		}
	}
	return pick;
}

/* A free place for a client of this user; NULL: none. */
static struct control_client *find_place(struct control *control, uint32_t uid)
{
	struct control_client *empty = NULL, *pick;
	size_t others = 0, own = places_of(control, uid);

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		if (control->client[i].fd < 0)
			empty = empty ?: &control->client[i];
		else
			others += control->client[i].uid != ROOT;
	}
	if (uid == ROOT ? empty != NULL
			: empty && own < CONTROL_PER_USER &&
				  others < CONTROL_CLIENTS - CONTROL_FOR_ROOT)
		return empty;
	pick = pick_idle(control, uid, uid != ROOT && own >= CONTROL_PER_USER);
	if (pick)
		drop(control, pick);
	return pick;
}

static void admit(struct control *control, int fd)
{
	static struct control_peer peer;
	struct hr_control_answer out = {.magic = HR_CONTROL_MAGIC};
	struct control_client *client;

	peer.uid = HR_UNKNOWN_U32;
	if (control_peer_read(fd, &peer) || !allowed(control, &peer)) {
		post_refusal(control, peer.uid, not_allowed);
		out.status = 4;
		strcpy(out.text, not_allowed);
		send(fd, &out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);
		hang_up(control, fd, peer.uid);
		return;
	}
	client = find_place(control, peer.uid);
	if (!client) {
		hang_up(control, fd, peer.uid); /* it may connect again */
		return;
	}
	client->serial = ++control->serial & (UINT32_MAX >> (SERIAL_SHIFT + 1));
	client->uid = peer.uid;
	client->asked = client->waiting = false;
	client->request_ns = clock_mono_ns();
	if (loop_add(control->loop, &client->watch, fd, EPOLLIN, on_request, control))
		hang_up(control, fd, peer.uid);
	else
		client->fd = fd;
}

static void on_connect(struct loop_watch *watch, uint32_t events, void *arg)
{
	struct control *control = arg;

	for (unsigned int i = 0; i < ACCEPT_ROUND; i++) {
		int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED))
			return;
		/* Too many at once, or no descriptors left: the socket is read again at the next tick. */
		if (++control->accepted > ACCEPT_MOST || fd < 0) {
			loop_remove(control->loop, &control->watch);
			i = ACCEPT_ROUND;
		}
		if (fd >= 0)
			admit(control, fd);
	}
}

void control_tick(struct control *control, uint64_t now_ns)
{
	control->accepted = 0;
	if (control->fd >= 0 && control->watch.fd < 0)
		loop_add(control->loop, &control->watch, control->fd, EPOLLIN, on_connect, control);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct control_client *client = &control->client[i];

		if (client->fd >= 0 && !client->waiting &&
		    now_ns - client->request_ns > (client->asked ? IDLE_NS : FIRST_NS))
			drop(control, client);
	}
}

/* ---- start and end ---- */

void control_permit(struct control *control)
{
	uint32_t allows = control->parked < CONTROL_PARKED ? control->config->allows : 0;
	int err = control->fd < 0
			  ? 0
			  : control_place_permit(&control->place, control->config->allow, allows);

	if (err)
		degraded_set(control->board, "control", HR_WARNING,
			     "%s: can't set the permissions: %s", control->place.path,
			     strerror(-err));
}

/* The one of the previous daemon is replaced: this one holds the board's lock. Until control_permit() only root connects. */
static int open_socket(struct control *control, const char *board)
{
	int err = control_place_open(board, &control->place);

	err = err
		      ?: unix_listen_at(control->place.dir_fd, control->place.name, SOCK_SEQPACKET,
					0600, BACKLOG, &control->fd);
	err = err ?: control_place_link(&control->place);
	return err
		       ?: loop_add(control->loop, &control->watch, control->fd, EPOLLIN, on_connect,
				   control);
}

void control_open(struct control *control, struct board *board)
{
	int err;

	control->board = board;
	control->unmapped = rights_in_user_namespace();
	err = open_socket(control, board_path(board));
	if (err)
		degraded_set(control->board, "control", HR_WARNING, "no control socket: %s: %s",
			     *control->place.dir ? control->place.dir : board_path(board),
			     strerror(-err));
	else
		control_permit(control);
}

/* Connections that nothing has accepted stay for the process's end, since closing the socket would close descriptors in them. */
void control_close(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->client[i].fd >= 0)
			unix_hang_up(take_fd(control->client[i].fd));
	control_place_remove(&control->place);
}
