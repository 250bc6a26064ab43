// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One question at a time. A question that takes too long (a process with its mmap lock held, a hung
 * file system) ends this process: the alarm's default action also ends a killable wait, and the
 * supervisor starts a new pair. The daemon never waits for the parser; the parser waits for the
 * daemon, and holds at most one answer.
 */
#include "parser.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "answer.h"

#define QUESTION_SECONDS 10
#define KMSG_AT_ONCE     64 /* records, before questions get their turn */

struct parser {
	int daemon, kmsg_fd;
	struct opener *opener;
	struct kmsg kmsg;
};

static int send_answer(struct parser *parser, const struct resolve_answer *answer)
{
	while (send(parser->daemon, answer, sizeof(*answer), MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return errno == EPIPE || errno == ECONNRESET ? -ECONNRESET : -errno;
	return 0;
}

static int serve_question(struct parser *parser)
{
	struct resolve_question question;
	struct resolve_answer answer;
	ssize_t n = recv(parser->daemon, &question, sizeof(question), 0);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (n != sizeof(question))
		return -EPROTO;
	alarm(QUESTION_SECONDS);
	resolve_answer_question(parser->opener, &question, &answer);
	alarm(0);
	return parser->opener->gone ? -EPIPE : send_answer(parser, &answer);
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

int parser_run(int daemon, struct opener *opener, int kmsg)
{
	struct parser parser = {.daemon = daemon, .kmsg_fd = kmsg, .opener = opener};
	struct pollfd fds[] = {
		{.fd = daemon, .events = POLLIN},
		{.fd = opener->socket, .events = 0},
		{.fd = kmsg, .events = POLLIN},
	};

	for (;;) {
		int r = poll(fds, ARRAY_SIZE(fds), -1);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r < 0)
			continue;
		if (fds[1].revents)
			return -EPIPE;
		r = 0;
		if (fds[0].revents)
			r = serve_question(&parser);
		if (r == 0 && fds[2].revents)
			r = serve_kmsg(&parser);
		if (r < 0)
			return r == -ECONNRESET ? 0 : r;
	}
}
