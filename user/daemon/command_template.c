// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A policy's command with {name} and the other placeholders filled in. Values are copied as bytes and not parsed. The command
 * is refused if a value would be taken for an option, is not known, or is a name that a user or a container chose: that could be
 * the name of another's unit.
 */
#include "command_template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct expansion {
	const void *base;             /* of the texts of id */
	const struct hr_identity *id; /* NULL: processes outside containers, or a text was cut */
	const char *policy;
	char pid[16];
	struct daemon_message *message;
	char *reason;
};

static const char *of_target(const struct expansion *e, size_t offset)
{
	const struct hr_str *s = e->id ? (const void *)((const char *)e->id + offset) : NULL;

	return s ? board_text_at(e->base, *s) : NULL;
}

static const struct placeholder {
	const char *name;
	size_t offset; /* of its hr_str in an identity */
	uint16_t chosen;
} of_identity[] = {
	{"name", offsetof(struct hr_identity, name), HR_CHOSEN_NAMES},
	{"id", offsetof(struct hr_identity, container_id), HR_CHOSEN_NAMES},
	{"pod", offsetof(struct hr_identity, pod), HR_CHOSEN_NAMES},
	{"namespace", offsetof(struct hr_identity, namespace), HR_CHOSEN_NAMES},
	{"container", offsetof(struct hr_identity, container), HR_CHOSEN_NAMES},
	{"unit", offsetof(struct hr_identity, unit), HR_CHOSEN_UNIT},
	{"cgroup", offsetof(struct hr_identity, cgroup), HR_CHOSEN_PATH},
};

static bool has_control(const char *text)
{
	while (*text && (unsigned char)*text >= ' ' && *text != 0x7f)
		text++;
	return *text;
}

enum value {
	VALUE_TEXT,
	VALUE_NO_PLACEHOLDER,
	VALUE_UNKNOWN,
	VALUE_CHOSEN,
	VALUE_NOT_CHECKED,
	VALUE_CONTROL,
	VALUES
};

static enum value value_of(const struct expansion *e, const char *name, size_t n,
			   const char **ret_text)
{
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(of_identity) / sizeof(*of_identity); i++) {
		if (strlen(of_identity[i].name) != n || memcmp(of_identity[i].name, name, n))
			continue;
		text = of_target(e, of_identity[i].offset);
		if (text && e->id->chosen & of_identity[i].chosen)
			return VALUE_CHOSEN;
		/* The path is known before the resolver says which names in it are root's. */
		if (text && of_identity[i].chosen == HR_CHOSEN_PATH && !e->id->workload)
			return VALUE_NOT_CHECKED;
		if (text && has_control(text))
			return VALUE_CONTROL;
		*ret_text = text;
		return text ? VALUE_TEXT : VALUE_UNKNOWN;
	}
	if (n == 6 && !memcmp(name, "policy", n))
		text = e->policy;
	else if (n == 3 && !memcmp(name, "pid", n))
		text = *e->pid ? e->pid : NULL;
	else
		return VALUE_NO_PLACEHOLDER;
	*ret_text = text;
	return text ? VALUE_TEXT : VALUE_UNKNOWN;
}

static int put(struct expansion *e, const char *from, size_t n)
{
	struct daemon_message *message = e->message;

	if (n > MESSAGE_TEXT - message->bytes) {
		snprintf(e->reason, ACTION_DETAIL, "the command is longer than %d bytes",
			 MESSAGE_TEXT);
		return -EINVAL;
	}
	memcpy(message->text + message->bytes, from, n);
	message->bytes += (uint32_t)n;
	return 0;
}

static int expand_word(struct expansion *e, const char *word)
{
	static const char *const cause[VALUES] = {
		[VALUE_UNKNOWN] = "is not known of it",
		[VALUE_CHOSEN] =
			"is a name that a user or a container chose: the command does not run",
		[VALUE_NOT_CHECKED] = "was not checked yet: the command does not run",
		[VALUE_CONTROL] = "holds a control character: the command does not run",
	};
	uint32_t start = e->message->bytes;
	int err = 0;

	for (const char *at = word; *at && !err;) {
		const char *end = *at == '{' ? strchr(at, '}') : NULL;
		size_t n = strcspn(at + 1, "{") + 1;
		const char *value = NULL;
		enum value is = end ? value_of(e, at + 1, (size_t)(end - at - 1), &value)
				    : VALUE_NO_PLACEHOLDER;

		if (cause[is]) {
			snprintf(e->reason, ACTION_DETAIL, "%.*s %s", (int)(end - at + 1), at,
				 cause[is]);
			return -EINVAL;
		}
		err = value ? put(e, value, strlen(value)) : put(e, at, n);
		at = value ? end + 1 : at + n;
	}
	err = err ?: put(e, "", 1);
	/* A container may be named --privileged. */
	if (!err && *word != '-' && e->message->text[start] == '-') {
		snprintf(e->reason, ACTION_DETAIL,
			 "%.60s is '%.60s', which would be taken for an option", word,
			 e->message->text + start);
		return -EINVAL;
	}
	return err;
}

/* The target as it was at the first action: its slot may be gone by now. A text that was cut may name another. */
static void find_target(const struct containers *containers, const struct action *action,
			const struct pending_outcome *outcome, struct expansion *e)
{
	const struct action_target *target = &action->target;
	const struct hr_slot *slot = NULL;
	const struct track *track = containers_at(containers, target->slot, target->memcg_id);
	uint32_t pid = target->pid;

	if (track)
		slot = board_slot(containers->board, track->slot);
	if (outcome && !outcome->cut) {
		e->base = outcome;
		e->id = &outcome->id;
	} else if (slot && !(slot->flags & HR_SLOT_CUT)) {
		e->base = slot;
		e->id = &slot->id;
	}
	if (!pid && slot)
		pid = slot->process[0].pid;
	if (pid)
		snprintf(e->pid, sizeof(e->pid), "%u", pid);
}

int command_expand(const struct containers *containers, const struct action *action,
		   const struct pending_outcome *outcome, const struct policy_set *set,
		   const struct policy_command *command, struct daemon_message *ret_message,
		   char reason[ACTION_DETAIL])
{
	struct expansion e = {
		.policy = action->policy_name, .message = ret_message, .reason = reason};
	int err = 0;

	ret_message->type = MESSAGE_RUN;
	ret_message->argc = command->n;
	ret_message->tag = action->tag;
	ret_message->bytes = ret_message->reserved = 0;
	find_target(containers, action, outcome, &e);
	snprintf(ret_message->run_as, sizeof(ret_message->run_as), "%s",
		 policy_text(set, command->run_as));
	for (uint32_t i = 0; i < command->n && i < POLICY_ARGS && !err; i++)
		err = expand_word(&e, policy_text(set, command->word[i]));
	return err;
}
