// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "answer_check.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "cgroup/cgroup_dir.h"

#define ERRNO_MOST 4095 /* MAX_ERRNO, include/linux/err.h */

enum text_kind { TEXT_NAME, TEXT_PATH, TEXT_LABELS };

/* The strings of a message; `most`: as many bytes as the resolver's field holds, without its NUL (struct identity, answer.c). */
static const struct text_field {
	size_t at;
	enum text_kind kind;
	size_t most;
} texts[] = {
#define TEXT(field, kind, most)                                    \
	{                                                          \
		offsetof(struct resolve_answer, field), kind, most \
	}
	TEXT(id.cgroup, TEXT_PATH, RECORD_PATH - 1),
	TEXT(id.name, TEXT_NAME, 255),
	TEXT(id.container_id, TEXT_NAME, 131),
	TEXT(id.image, TEXT_NAME, 255),
	TEXT(id.pod, TEXT_NAME, 255),
	TEXT(id.namespace, TEXT_NAME, 127),
	TEXT(id.pod_uid, TEXT_NAME, 71),
	TEXT(id.container, TEXT_NAME, 255),
	TEXT(id.unit, TEXT_NAME, 255),
	TEXT(labels, TEXT_LABELS, 511),
	TEXT(cmdline, TEXT_NAME, 383),
	TEXT(limit_path, TEXT_PATH, RECORD_PATH - 1),
	TEXT(task_path, TEXT_PATH, RECORD_PATH - 1),
#undef TEXT
};

static bool labels_are_sound(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		const char *equals = memchr(text, '=', n);

		if (!equals || equals == text || !text_has_no_controls(text, n))
			return false;
		text += n;
		if (*text && !*++text)
			return false; /* a line end, and no line behind it */
	}
	return true;
}

static const char *check_str(const struct resolve_answer *answer, struct hr_str str,
			     enum text_kind kind, size_t most)
{
	const char *text;
	size_t at, n;

	if (!str.at)
		return NULL;
	if (str.at < offsetof(struct resolve_answer, text))
		return "text outside its text";
	at = str.at - offsetof(struct resolve_answer, text);
	if (at >= answer->text_used)
		return "text outside its text";
	if (at && answer->text[at - 1])
		return "text that begins inside another one";
	text = answer->text + at;
	n = strlen(text); /* the last byte used is NUL */
	if (!n || n > most)
		return "text of a wrong length";
	if (kind == TEXT_PATH     ? !cgroup_path_is_sound(text)
	    : kind == TEXT_LABELS ? !labels_are_sound(text)
				  : !text_is_clean(text, n))
		return kind == TEXT_PATH     ? "a path that is none"
		       : kind == TEXT_LABELS ? "labels that are none"
					     : "text that can't be printed";
	return NULL;
}

static const char *check_text(const struct resolve_answer *answer, const struct text_field *field)
{
	struct hr_str str;

	memcpy(&str, (const char *)answer + field->at, sizeof(str));
	return check_str(answer, str, field->kind, field->most);
}

static const char *check_texts(const struct resolve_answer *answer)
{
	if (answer->text_used > RESOLVE_TEXT ||
	    (answer->text_used && answer->text[answer->text_used - 1]))
		return "text without an end";
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *why = check_text(answer, &texts[i]);

		if (why)
			return why;
	}
	for (size_t i = 0; i < HR_MAP_REGIONS; i++) {
		const char *why = check_str(answer, answer->map.region[i].name, TEXT_NAME,
					    RESOLVE_MAP_NAME_MOST);

		if (why)
			return why;
	}
	return NULL;
}

#define CHOSEN_ALL (HR_CHOSEN_NAMES | HR_CHOSEN_UNIT | HR_CHOSEN_PATH | HR_CHOSEN_WISH)

static const char *check_chosen(const struct resolve_answer *answer)
{
	const char *path = answer->id.cgroup.at ? (const char *)answer + answer->id.cgroup.at : "";

	return answer->id.chosen & ~CHOSEN_ALL || answer->id.root_path > strlen(path)
		       ? "a part of a path that it does not have"
		       : NULL;
}

static bool size_is_sound(uint64_t bytes)
{
	return bytes < RESOLVE_SIZE_MOST || bytes == HR_UNKNOWN;
}

static bool empty_identity(const struct hr_identity *id)
{
	return !id->runtime && !id->kind && !id->name.at && !id->container_id.at && !id->image.at &&
	       !id->pod.at && !id->namespace.at && !id->pod_uid.at && !id->container.at &&
	       !id->unit.at && !id->cgroup.at && !id->workload && !id->root_path && !id->chosen;
}

static const char *check_numbers(const struct resolve_answer *answer)
{
	if (answer->error > 0 || answer->error < -ERRNO_MOST)
		return "an error that is none";
	if (answer->complete > 1 || answer->named > 1 || answer->wait_ms > RESOLVE_WAIT_MOST_MS)
		return "a number out of its range";
	if (answer->id.runtime >= HR_RUNTIME_COUNT || answer->id.kind >= HR_KIND_COUNT)
		return "a runtime or kind that is none";
	return NULL;
}

static bool empty_region(const struct resolve_region *region)
{
	return !region->kind && !region->name.at && !region->mappings && !region->resident &&
	       !region->swap;
}

static bool empty_map(const struct resolve_map *map)
{
	for (size_t i = 0; i < HR_MAP_REGIONS; i++)
		if (!empty_region(&map->region[i]))
			return false;
	return !map->regions && !map->mappings && !map->resident && !map->swap && !map->took_ns;
}

static const char *check_kmsg(const struct resolve_answer *answer)
{
	if (answer->serial || answer->tag || answer->cgroup_id || answer->error ||
	    answer->wait_ms || answer->cmdline.at || !empty_map(&answer->map))
		return "fields that an OOM kill does not have";
	if (!answer->pid || answer->pid > RESOLVE_PID_MOST || answer->chosen > RESOLVE_PID_MOST ||
	    answer->constraint > RECORD_CONSTRAINT_UNKNOWN || !size_is_sound(answer->anon) ||
	    !size_is_sound(answer->file) || !size_is_sound(answer->shmem) ||
	    !size_is_sound(answer->pgtables) ||
	    (answer->oom_score_adj != INT32_MIN && (answer->oom_score_adj < -RESOLVE_ADJ_MOST ||
						    answer->oom_score_adj > RESOLVE_ADJ_MOST)))
		return "a number out of its range";
	return memchr(answer->comm, '\0', sizeof(answer->comm)) ? NULL : "a name without an end";
}

/* What only an OOM kill in the kernel log has. */
static bool has_kmsg_fields(const struct resolve_answer *answer)
{
	static const char no_comm[sizeof(answer->comm)];

	return answer->uid || answer->constraint || answer->chosen || answer->oom_score_adj ||
	       answer->anon || answer->file || answer->shmem || answer->pgtables ||
	       answer->limit_path.at || answer->task_path.at ||
	       memcmp(answer->comm, no_comm, sizeof(no_comm)) != 0;
}

static const char *check_changed(const struct resolve_answer *answer)
{
	if (answer->serial || answer->error || answer->pid || answer->named || answer->wait_ms ||
	    answer->text_used || has_kmsg_fields(answer) || !empty_identity(&answer->id) ||
	    answer->cmdline.at || answer->labels.at || !empty_map(&answer->map))
		return "fields that a change does not have";
	return answer->tag == answer->cgroup_id ? NULL : "a change of two cgroups";
}

static const char *check_map(const struct resolve_answer *answer)
{
	const struct resolve_map *map = &answer->map;

	if (has_kmsg_fields(answer) || answer->named || answer->wait_ms || answer->cmdline.at ||
	    answer->labels.at || !empty_identity(&answer->id))
		return "fields that a memory map does not have";
	if (map->regions > HR_MAP_REGIONS || map->resident >= RESOLVE_SIZE_MOST ||
	    map->swap >= RESOLVE_SIZE_MOST || map->took_ns > RESOLVE_MAP_MOST_NS)
		return "a number out of its range";
	for (uint32_t i = 0; i < HR_MAP_REGIONS; i++) {
		const struct resolve_region *region = &map->region[i];

		if (i >= map->regions
			    ? !empty_region(region)
			    : region->kind >= HR_MAP_KINDS || region->resident > map->resident ||
				      region->swap > map->swap)
			return "a region that is none";
	}
	return NULL;
}

static const struct asked_question *asked_find(const struct asked *asked, uint64_t serial)
{
	for (size_t i = 0; serial && i < ASKED_KEPT; i++)
		if (asked->question[i].serial == serial)
			return &asked->question[i];
	return NULL;
}

static const char *check_question(const struct resolve_answer *answer,
				  const struct asked_question *question)
{
	const char *path = (const char *)answer + answer->id.cgroup.at;

	if (answer->ask != question->ask || answer->tag != question->tag ||
	    answer->cgroup_id != question->cgroup_id || answer->pid != question->pid)
		return "an answer to another question";
	if (answer->id.cgroup.at && *question->path && strcmp(path, question->path) != 0)
		return "a path that was not asked about";
	return NULL;
}

enum answer_verdict answer_check(const struct asked *asked, const void *message, size_t bytes,
				 const char **ret_why)
{
	const struct resolve_answer *answer = message;
	const struct asked_question *question = NULL;
	const char *why;

	if (bytes != sizeof(*answer)) {
		*ret_why = "a wrong length";
		return ANSWER_WRONG;
	}
	why = check_numbers(answer) ?: check_texts(answer) ?: check_chosen(answer);
	if (why) {
		*ret_why = why;
		return ANSWER_WRONG;
	}
	switch (answer->ask) {
	case RESOLVE_KMSG_OOM:
		why = check_kmsg(answer);
		break;
	case RESOLVE_CHANGED:
		why = check_changed(answer);
		break;
	case RESOLVE_MAP:
	case RESOLVE_CGROUP:
	case RESOLVE_FIND:
	case RESOLVE_PROCESS:
		question = asked_find(asked, answer->serial);
		why = answer->ask == RESOLVE_MAP ? check_map(answer)
		      : has_kmsg_fields(answer) || !empty_map(&answer->map) ||
				      (answer->ask != RESOLVE_PROCESS && answer->cmdline.at)
			      ? "fields that its kind does not have"
			      : NULL;
		why = why ? why
		      : !answer->serial || answer->serial > asked->last
			      ? "an answer without a question"
		      : question ? check_question(answer, question)
				 : NULL;
		if (!why && !question)
			return ANSWER_STALE;
		break;
	default:
		why = "a kind that is none";
	}
	if (!why)
		return ANSWER_SOUND;
	*ret_why = why;
	return ANSWER_WRONG;
}

/* A free place; else that of the oldest one, of those that were given up if there is any. */
static struct asked_question *asked_place(struct asked *asked)
{
	struct asked_question *oldest = NULL;

	for (size_t i = 0; i < ASKED_KEPT; i++) {
		struct asked_question *here = &asked->question[i];

		if (!here->serial)
			return here;
		if (!oldest || here->given_up > oldest->given_up ||
		    (here->given_up == oldest->given_up && here->serial < oldest->serial))
			oldest = here;
	}
	asked->out -= !oldest->given_up;
	return oldest;
}

uint64_t asked_add(struct asked *asked, const struct resolve_question *question)
{
	struct asked_question *place = asked_place(asked);

	*place = (struct asked_question){
		.serial = ++asked->last,
		.tag = question->tag,
		.cgroup_id = question->cgroup_id,
		.ask = question->ask,
		.pid = question->pid,
	};
	memcpy(place->path, question->path, sizeof(place->path));
	asked->out++;
	return place->serial;
}

void asked_done(struct asked *asked, uint64_t serial)
{
	struct asked_question *question = (struct asked_question *)asked_find(asked, serial);

	if (!question)
		return;
	asked->out -= !question->given_up;
	question->serial = 0;
}

void asked_give_up(struct asked *asked)
{
	for (size_t i = 0; i < ASKED_KEPT; i++)
		asked->question[i].given_up = true;
	asked->out = 0;
}
