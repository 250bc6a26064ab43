// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Copies text, never parses it. */
#include "resolver_client.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd_message.h"

#define ASKED_MAX     48 /* questions on the socket at once … */
#define ASKED_CGROUPS 32 /* … of which so many about cgroups: an OOM kill finds room */

/* `fd` < 0: none; it stays the caller's. */
static bool send_question(struct resolver_client *resolver, struct resolve_question *question,
			  int fd)
{
	unsigned int most = question->ask == RESOLVE_PROCESS ? ASKED_MAX : ASKED_CGROUPS;

	if (resolver->fd < 0 || resolver->wrong || resolver->asked.out >= most)
		return false;
	question->serial = asked_add(&resolver->asked, question);
	if (fd_message_send(resolver->fd, question, sizeof(*question), fd, MSG_DONTWAIT) < 0) {
		asked_done(&resolver->asked, question->serial);
		return false;
	}
	resolver->asked_ns = clock_mono_ns();
	return true;
}

bool resolver_ask_cgroup(struct resolver_client *resolver, uint64_t memcg_id, const char *path,
			 uint8_t again)
{
	struct resolve_question question;

	memset(&question, 0, sizeof(question));
	question.ask = *path ? RESOLVE_CGROUP : RESOLVE_FIND;
	question.cgroup_id = memcg_id;
	question.tag = memcg_id;
	question.again = again;
	strncpy(question.path, path, sizeof(question.path) - 1);
	return send_question(resolver, &question, -1);
}

bool resolver_ask_process(struct resolver_client *resolver, uint64_t tag,
			  const struct record_task *task, const char *path)
{
	struct resolve_question question;

	memset(&question, 0, sizeof(question));
	question.ask = RESOLVE_PROCESS;
	question.tag = tag;
	question.pid = task->pid;
	question.cgroup_id = task->memcg_id;
	question.start_boottime_ns = task->start_boottime_ns;
	question.args_bytes = task->args_bytes < RECORD_ARGS ? task->args_bytes : RECORD_ARGS;
	memcpy(question.args, task->args, question.args_bytes);
	strncpy(question.path, path, sizeof(question.path) - 1);
	return send_question(resolver, &question, -1);
}

bool resolver_ask_map(struct resolver_client *resolver, uint64_t memcg_id, uint32_t pid,
		      uint64_t start_boottime_ns, int fd)
{
	struct resolve_question question;

	memset(&question, 0, sizeof(question));
	question.ask = RESOLVE_MAP;
	question.tag = question.cgroup_id = memcg_id;
	question.pid = pid;
	question.start_boottime_ns = start_boottime_ns;
	return send_question(resolver, &question, fd);
}

bool resolver_has_room(const struct resolver_client *resolver)
{
	return resolver->asked.out < ASKED_CGROUPS;
}

bool resolver_has_half(const struct resolver_client *resolver)
{
	return resolver->asked.out < ASKED_CGROUPS / 2;
}

void resolver_expire(struct resolver_client *resolver, uint64_t now_ns, uint64_t late_ns)
{
	if (resolver->asked.out && now_ns - resolver->asked_ns > late_ns)
		asked_give_up(&resolver->asked);
}

/* Messages without a question: changed files, OOM kills of the kernel log, answers that nothing waits for. So many at once, and as
 * many a second: a storm of OOM kills is far from it (each takes milliseconds), as are all files of 10,000 containers that change in
 * one second. */
#define UNASKED_MOST     20000u
#define THROWN_AWAY_MOST 4096 /* messages: more than a socket holds */

static bool may_send_unasked(struct resolver_client *resolver, uint64_t now_ns)
{
	uint64_t since = now_ns - resolver->filled_ns;

	if (since >= NS_PER_SEC) {
		resolver->unasked = UNASKED_MOST;
		resolver->filled_ns = now_ns;
	}
	if (!resolver->unasked)
		return false;
	resolver->unasked--;
	return true;
}

void resolver_init(struct resolver_client *resolver, int fd)
{
	*resolver = (struct resolver_client){.fd = fd};
	/* The resolver outlives the daemon, and may answer what the last one asked: that has a smaller serial. */
	resolver->asked.last = clock_boot_ns();
}

void resolver_restarted(struct resolver_client *resolver)
{
	char byte;
	int left = resolver->wrong ? THROWN_AWAY_MOST : 0;

	while (left-- > 0 && recv(resolver->fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
		continue;
	resolver->wrong = NULL;
	asked_give_up(&resolver->asked);
}

const struct resolve_answer *resolver_receive(struct resolver_client *resolver)
{
	static struct resolve_answer answer; /* the loop is one thread */
	uint64_t now = clock_mono_ns();
	ssize_t n;

	while (!resolver->wrong &&
	       (n = recv(resolver->fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC)) > 0) {
		const char *why = NULL;
		enum answer_verdict verdict =
			answer_check(&resolver->asked, &answer, (size_t)n, &why);

		if (verdict != ANSWER_WRONG && (verdict == ANSWER_STALE || !answer.serial) &&
		    !may_send_unasked(resolver, now))
			why = "messages without end";
		if (why) {
			resolver->wrong = why;
			resolver->wrong_ns = now;
			return NULL;
		}
		if (verdict == ANSWER_STALE)
			continue;
		if (answer.serial) {
			asked_done(&resolver->asked, answer.serial);
			resolver->asked_ns = now;
		}
		return &answer;
	}
	return NULL;
}
