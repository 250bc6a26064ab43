// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Messages of a resolver that a container has taken over, as the daemon receives them, up to the
 * text that would stand on the board. The first byte chooses a sound message, the rest damages it. */
#include "fuzz.h"

#include <sys/socket.h>

#include "base/utf8_clean.h"
#include "board/board.h"
#include "daemon/resolver_client.h"

static uint16_t put(struct resolve_answer *answer, const char *text)
{
	uint16_t at = (uint16_t)(offsetof(struct resolve_answer, text) + answer->text_used);

	strcpy(answer->text + answer->text_used, text);
	answer->text_used += (uint32_t)strlen(text) + 1;
	return at;
}

static void sound_message(struct resolver_client *client, unsigned int kind,
			  struct resolve_answer *sent)
{
	struct resolve_question question = {.tag = 7, .cgroup_id = 7, .path = "/a"};

	question.ask = kind == 2 ? RESOLVE_PROCESS : kind == 1 ? RESOLVE_FIND : RESOLVE_CGROUP;
	if (kind == 1)
		question.path[0] = '\0';
	*sent = (struct resolve_answer){.ask = question.ask, .tag = 7, .cgroup_id = 7};
	sent->serial = asked_add(&client->asked, &question);
	sent->id.cgroup.at = put(sent, "/a");
	sent->id.name.at = put(sent, "name");
	sent->labels.at = put(sent, "k=v\nl=w");
	if (kind == 2)
		sent->cmdline.at = put(sent, "tail /dev/zero");
	if (kind == 3) {
		sent->ask = RESOLVE_KMSG_OOM;
		sent->serial = sent->tag = sent->cgroup_id = 0;
		sent->pid = 5;
		sent->limit_path = sent->task_path = sent->id.cgroup;
		strcpy(sent->comm, "tail");
	}
	if (kind == 4)
		*sent = (struct resolve_answer){.ask = RESOLVE_CHANGED, .tag = 9, .cgroup_id = 9};
}

/* The daemon reads each of these without a further test. */
static void expect_clean(const struct resolve_answer *answer, struct hr_str str, bool path)
{
	const char *text = (const char *)answer + str.at;

	if (str.at && (str.at >= sizeof(*answer) ||
		       (path ? *text != '/' : !text_is_clean(text, strlen(text)))))
		abort();
}

static void use(const struct resolve_answer *answer)
{
	struct hr_slot slot = {0};
	struct board_text text;

	expect_clean(answer, answer->id.name, false);
	expect_clean(answer, answer->cmdline, false);
	expect_clean(answer, answer->id.cgroup, true);
	expect_clean(answer, answer->limit_path, true);
	expect_clean(answer, answer->task_path, true);
	board_text_init(&text, &slot, offsetof(struct hr_slot, text), sizeof(slot));
	board_text_identity(&text, answer, sizeof(*answer), &answer->id, &slot.id);
	if (answer->labels.at)
		board_text_add(&text, (const char *)answer + answer->labels.at, false);
	if (text.used > HR_SLOT_TEXT || !memchr(answer->comm, 0, sizeof(answer->comm)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int pair[2] = {-1, -1};
	static struct resolver_client client;
	struct fuzz_input in = {data, n};
	const struct resolve_answer *answer;
	struct resolve_answer sent = {0};
	unsigned int kind = (unsigned int)fuzz_take(&in, 1);
	size_t bytes = sizeof(sent);

	if (pair[0] < 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		abort();
	resolver_init(&client, pair[0]);
	if (kind % 8 < 5) {
		sound_message(&client, kind % 8, &sent);
		for (unsigned int i = kind >> 3; i && in.n; i--)
			fuzz_patch(&in, &sent, sizeof(sent));
	} else {
		memcpy(&sent, in.at, in.n < sizeof(sent) ? in.n : sizeof(sent));
	}
	if (kind == 255)
		bytes = n % sizeof(sent);
	if (send(pair[1], &sent, bytes, MSG_DONTWAIT) < 0)
		return 0;
	answer = resolver_receive(&client);
	if (answer)
		use(answer);
	return 0;
}
