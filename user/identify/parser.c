// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One question at a time, in the order of their owners' shares (fair_queue.h). A question that takes too long (a process with its mmap lock held, a hung
 * file system) ends this process: the alarm's default action also ends a killable wait, and the
 * supervisor starts new ones. The daemon never waits for the parser; the parser waits for the
 * daemon, and holds at most one answer.
 */
#include "parser.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_message.h"
#include "answer.h"
#include "fair_queue.h"
#include "identity.h"

#define QUESTION_SECONDS 10
#define KMSG_AT_ONCE     64 /* records, before questions get their turn */
/* Between two checks for changed state files; at least so many times what the last one took: it costs 1% of a CPU at most. */
#define CHECK_NS    (400 * NS_PER_MS)
#define CHECK_SHARE 100

/* Of one question of a user: then no further state file is opened for it. */
#define USER_QUESTION_NS (60 * NS_PER_MS)
#define LANE_FULL_MS     1000 /* ask again then */

struct parser {
	int daemon, kmsg_fd, lane, maps;
	struct opener *opener;
	struct kmsg kmsg;
	struct fair_queue queue;
	uint64_t check_ns; /* monotonic; of the next check */
};

static int send_answer(struct parser *parser, const struct resolve_answer *answer)
{
	while (send(parser->daemon, answer, sizeof(*answer), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EPIPE || errno == ECONNRESET ? -ECONNRESET : -errno;
	return 0;
}

/* A user's state files may be on a file system that hangs, and a process may hold the lock that its command line waits for: that
 * stops the lane, and no question about what root started. */
static bool is_for_lane(const struct parser *parser, const struct resolve_question *question,
			unsigned int uid)
{
	return parser->lane >= 0 &&
	       (uid || (question->ask == RESOLVE_PROCESS && !question->args_bytes));
}

/* To the map reader, which is not waited for. */
static int pass_map_on(struct parser *parser, const struct resolve_question *question, int fd)
{
	struct resolve_answer answer;
	int r = fd < 0             ? -EBADF
		: parser->maps < 0 ? -EOPNOTSUPP
				   : fd_message_send(parser->maps, question, sizeof(*question), fd,
						     MSG_DONTWAIT);

	if (r == 0)
		return 0;
	resolve_answer_begin(question, &answer);
	answer.error = r;
	return send_answer(parser, &answer);
}

static int pass_on(struct parser *parser, const struct resolve_question *question)
{
	struct resolve_answer answer;

	if (send(parser->lane, question, sizeof(*question), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		return 0;
	if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
		return -EPIPE;
	resolve_answer_later(question, LANE_FULL_MS, &answer);
	return send_answer(parser, &answer);
}

/* What has come, as far as there is room. A question without a path gets it now: the path says which owner has to pay for the rest. */
static int take_questions(struct parser *parser)
{
	while (!fair_full(&parser->queue)) {
		struct resolve_question question;
		struct path path;
		unsigned int uid;
		uint64_t owner;
		_cleanup_close_ int fd = -1;
		int r = 0;
		ssize_t n = fd_message_receive(parser->daemon, &question, sizeof(question),
					       MSG_DONTWAIT, &fd);

		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		if (n == 0)
			return -ECONNRESET;
		if (n != sizeof(question))
			return -EPROTO;
		if (question.ask == RESOLVE_MAP) {
			r = pass_map_on(parser, &question, fd);
			if (r < 0)
				return r;
			continue;
		}
		alarm(QUESTION_SECONDS);
		resolve_path(parser->opener, &question); /* an error comes again, in the answer */
		alarm(0);
		if (parser->opener->gone)
			return -EPIPE;
		path_split(question.path, &path);
		owner = identity_owner(&path, &uid);
		if (is_for_lane(parser, &question, uid))
			r = pass_on(parser, &question);
		else
			fair_put(&parser->queue, &question, owner);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Of parser and opener. */
static uint64_t cpu_time(const struct parser *parser)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) + parser->opener->cpu_ns;
}

static int serve_question(struct parser *parser)
{
	struct resolve_question question;
	struct resolve_answer answer;
	struct path path;
	unsigned int uid;
	uint64_t begun = clock_mono_ns(), cpu = cpu_time(parser), now, took, owner;
	uint32_t wait_ms;

	if (!fair_take(&parser->queue, begun, &question, &owner, &wait_ms))
		return 0;
	if (wait_ms) {
		resolve_answer_later(&question, wait_ms, &answer);
		return send_answer(parser, &answer);
	}
	path_split(question.path, &path);
	identity_owner(&path, &uid);
	parser->opener->until_ns = uid ? begun + USER_QUESTION_NS : 0;
	parser->opener->bytes = 0;
	alarm(QUESTION_SECONDS);
	resolve_answer_question(parser->opener, &question, &answer);
	alarm(0);
	now = clock_mono_ns();
	/* What root started pays for CPU time alone: it does not wait for a user's file system, and a busy host is not its fault. */
	took = uid || parser->lane < 0 ? now - begun : cpu_time(parser) - cpu;
	fair_charge(&parser->queue, now, owner, took, parser->opener->bytes);
	return parser->opener->gone ? -EPIPE : send_answer(parser, &answer);
}

/* Answers of the lane or the map reader, to the daemon as they are: it checks them like all others. */
static int serve_other(struct parser *parser, int socket)
{
	struct resolve_answer answer;

	for (int i = 0; i < FAIR_QUESTIONS; i++) {
		ssize_t n = recv(socket, &answer, sizeof(answer), MSG_DONTWAIT);
		int r;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n != sizeof(answer))
			return -EPIPE;
		r = send_answer(parser, &answer);
		if (r < 0)
			return r;
	}
	return 0;
}

static int serve_kmsg(struct parser *parser)
{
	char record[KMSG_RECORD_MAX];
	struct kmsg_oom oom;
	struct resolve_answer answer;

	for (int i = 0; i < KMSG_AT_ONCE; i++) {
		ssize_t n = read(parser->kmsg_fd, record, sizeof(record));
		int r;

		if (n < 0 && errno == EPIPE)
			continue; /* some records were overwritten before we came */
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return 0;
		if (!kmsg_record(&parser->kmsg, record, (size_t)n, &oom))
			continue;
		alarm(QUESTION_SECONDS);
		resolve_answer_kmsg(parser->opener, &oom, &answer);
		alarm(0);
		r = parser->opener->gone ? -EPIPE : send_answer(parser, &answer);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Changed state files: the daemon asks again for their cgroups. */
static int report_changes(struct parser *parser)
{
	struct open_request request = {.what = OPEN_CHANGED};
	uint64_t begun = cpu_time(parser), wait;
	struct resolve_answer answer = {.ask = RESOLVE_CHANGED, .complete = 1};
	struct open_answer changed;
	int fd, r = 0;

	do {
		if (opener_ask(parser->opener, &request, &changed, &fd) < 0)
			return -EPIPE;
		request.nth = 1;
		for (uint32_t i = 0; !r && i < changed.n && i < OPEN_CHANGED_MOST; i++) {
			answer.tag = answer.cgroup_id = changed.changed[i];
			r = send_answer(parser, &answer);
		}
	} while (!r && changed.n == OPEN_CHANGED_MOST);
	wait = (cpu_time(parser) - begun) * CHECK_SHARE;
	parser->check_ns = clock_mono_ns() + (wait > CHECK_NS ? wait : CHECK_NS);
	return r;
}

/* Milliseconds until the next check. */
static int until_check(const struct parser *parser)
{
	uint64_t now = clock_mono_ns();

	return now < parser->check_ns ? (int)((parser->check_ns - now) / NS_PER_MS) + 1 : 0;
}

static int serve_ready(struct parser *parser, const struct pollfd *fds)
{
	int r = 0;

	if (fds[0].revents)
		r = take_questions(parser);
	if (r == 0)
		r = serve_question(parser);
	if (r == 0 && fds[2].revents)
		r = serve_kmsg(parser);
	if (r == 0 && fds[3].revents)
		r = serve_other(parser, parser->lane);
	if (r == 0 && fds[4].revents)
		r = serve_other(parser, parser->maps);
	if (r == 0 && !until_check(parser))
		r = report_changes(parser);
	return r;
}

int parser_run(int daemon, struct opener *opener, int kmsg, int lane, int maps)
{
	static struct parser parser;
	struct pollfd fds[] = {
		{.fd = daemon},
		{.fd = opener->socket, .events = 0},
		{.fd = kmsg, .events = POLLIN},
		{.fd = lane, .events = POLLIN},
		{.fd = maps, .events = POLLIN},
	};

	parser.daemon = daemon;
	parser.kmsg_fd = kmsg;
	parser.opener = opener;
	parser.lane = lane;
	parser.maps = maps;
	for (;;) {
		int r;

		fds[0].events = fair_full(&parser.queue) ? 0 : POLLIN;
		r = poll(fds, ARRAY_SIZE(fds), parser.queue.n ? 0 : until_check(&parser));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r < 0)
			continue;
		if (fds[1].revents)
			return -EPIPE;
		r = serve_ready(&parser, fds);
		if (r < 0)
			return r == -ECONNRESET ? 0 : r;
	}
}
