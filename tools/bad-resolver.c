// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A resolver that a container has taken over, for tests/live/attack-resolver-answers.sh: stands in for headroom-resolver beside a
 * daemon. The file `mode` in the working directory says what it does:
 *
 *	garbage   answers each question with random bytes, damaged fields or text that harms terminals and shells
 *	flood     sends changes without end
 *	other     answers each question soundly, but about another cgroup
 *	silent    answers nothing
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "../tests/unit/fixture_answer.h"

static const char *const harmful[] = {
	"\x1b[2J\x1b]0;pwn\a", "--privileged",   "../../etc/passwd", "\xff\xfe\xc0\x80",
	"\n\nx=1\n",           "$(touch pwned)", "%s%n%p",           "a\"b\\",
	"postgresql.service",  "\xe2\x80\xae",
};

static void set(struct resolve_answer *answer, size_t field, uint16_t at)
{
	memcpy((char *)answer + field, &at, sizeof(at));
}

static void echo(const struct resolve_question *question, struct resolve_answer *answer)
{
	*answer = (struct resolve_answer){.ask = question->ask,
					  .serial = question->serial,
					  .tag = question->tag,
					  .cgroup_id = question->cgroup_id,
					  .pid = question->pid,
					  .complete = 1};
}

static void garbage(const struct resolve_question *question, struct resolve_answer *answer)
{
	long how = random() % 3;

	echo(question, answer);
	answer->id.runtime = (uint8_t)(random() % HR_RUNTIME_COUNT);
	answer->id.kind = (uint8_t)(random() % HR_KIND_COUNT);
	if (how == 0)
		for (size_t i = 0; i < sizeof(*answer); i++)
			((char *)answer)[i] = (char)random();
	for (size_t i = 0; how == 1 && i < ARRAY_SIZE(answer_strings); i++) {
		const char *text = harmful[(size_t)random() % ARRAY_SIZE(harmful)];

		set(answer, answer_strings[i],
		    (uint16_t)(offsetof(struct resolve_answer, text) + answer->text_used));
		strcpy(answer->text + answer->text_used, text);
		answer->text_used += (uint32_t)strlen(text) + 1;
	}
	for (size_t i = 0; how == 2 && i < ARRAY_SIZE(answer_strings);
	     i++) /* as evil readers of 0.1 */
		set(answer, answer_strings[i], (uint16_t)random());
}

static void answer_all(int fd, const char *mode)
{
	struct resolve_question question;
	struct resolve_answer answer;

	while (recv(fd, &question, sizeof(question), 0) == sizeof(question)) {
		if (!strcmp(mode, "silent"))
			continue;
		if (!strcmp(mode, "garbage"))
			garbage(&question, &answer);
		else
			echo(&question, &answer);
		if (!strcmp(mode, "other"))
			answer.cgroup_id++;
		send(fd, &answer, sizeof(answer), MSG_NOSIGNAL);
	}
}

int main(int argc, char **argv)
{
	struct resolve_answer changed = {.ask = RESOLVE_CHANGED, .tag = 1, .cgroup_id = 1};
	char mode[16] = "garbage";
	FILE *file = fopen("mode", "r");
	int fd = -1;

	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "--fd"))
			fd = atoi(argv[i + 1]);
	if (file && fscanf(file, "%15s", mode) != 1)
		return 2;
	srandom((unsigned int)(getpid() ^ time(NULL)));
	if (!strcmp(mode, "flood"))
		while (send(fd, &changed, sizeof(changed), MSG_NOSIGNAL) > 0)
			continue;
	answer_all(fd, mode);
	return 0;
}
