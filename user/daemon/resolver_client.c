// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Copies text, never parses it. */
#include "resolver_client.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define ASKED_MAX     48 /* questions on the socket at once … */
#define ASKED_CGROUPS 32 /* … of which so many about cgroups: an OOM kill finds room */

static bool send_question(struct resolver_client *resolver, const struct resolve_question *question)
{
	unsigned int most = question->ask == RESOLVE_PROCESS ? ASKED_MAX : ASKED_CGROUPS;

	if (resolver->fd < 0 || resolver->asked >= most)
		return false;
	if (send(resolver->fd, question, sizeof(*question), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return false;
	resolver->asked++;
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
	return send_question(resolver, &question);
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
	return send_question(resolver, &question);
}

bool resolver_has_room(const struct resolver_client *resolver)
{
	return resolver->asked < ASKED_CGROUPS;
}

bool resolver_has_half(const struct resolver_client *resolver)
{
	return resolver->asked < ASKED_CGROUPS / 2;
}

void resolver_expire(struct resolver_client *resolver, uint64_t now_ns, uint64_t late_ns)
{
	if (resolver->asked && now_ns - resolver->asked_ns > late_ns)
		resolver->asked = 0;
}

/* The resolver reads files that containers wrote, and a container may control it by now: no offset in an answer may point
 * outside of it. */
static bool sound(struct resolve_answer *answer)
{
	((char *)answer)[sizeof(*answer) - 1] = '\0';
	answer->comm[sizeof(answer->comm) - 1] = '\0';
	return answer->id.runtime < HR_RUNTIME_COUNT && answer->id.kind < HR_KIND_COUNT &&
	       answer->constraint <= RECORD_CONSTRAINT_UNKNOWN;
}

const struct resolve_answer *resolver_receive(struct resolver_client *resolver)
{
	static struct resolve_answer answer; /* the loop is one thread */

	while (recv(resolver->fd, &answer, sizeof(answer), MSG_DONTWAIT) == sizeof(answer)) {
		if (!sound(&answer))
			continue;
		if (answer.ask != RESOLVE_KMSG_OOM) { /* that one is not asked for */
			resolver->asked -= resolver->asked > 0;
			resolver->asked_ns = clock_mono_ns();
		}
		return &answer;
	}
	return NULL;
}
