// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Answers: the identity of a cgroup, the command line of a process, OOM kills from the kernel log.
 * Text goes into an answer in the order of its value: where there is too much, the last ones are
 * cut.
 */
#include "answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/read_full.h"
#include "base/utf8_clean.h"
#include "cgroup/cgroup_dir.h"
#include "redact.h"
#include "identity.h"

#define CMDLINE_MAX \
	4096 /* bytes of /proc/PID/cmdline that are read; the redacted line is far shorter */
#define CMDLINE_TEXT 384
#define NAME_MOST    384 /* bytes of the longest text that is no path and no label */

/* A path has any byte that the kernel allows; all other text is made printable first (resolve_name). */
struct hr_str resolve_text(struct resolve_answer *answer, const char *text)
{
	size_t n = strlen(text), at = 0;
	struct hr_str str = {0};

	if (!n)
		return str;
	while (at < answer->text_used) {
		if (!strcmp(answer->text + at, text)) {
			str.at = (uint16_t)(offsetof(struct resolve_answer, text) + at);
			return str;
		}
		at += strlen(answer->text + at) + 1;
	}
	if (answer->text_used + 1 >= RESOLVE_TEXT)
		return str;
	n = text_cut(text, RESOLVE_TEXT - answer->text_used - 1);
	if (!n)
		return str;
	memcpy(answer->text + answer->text_used, text, n);
	answer->text[answer->text_used + n] = 0;
	str.at = (uint16_t)(offsetof(struct resolve_answer, text) + answer->text_used);
	answer->text_used += (uint32_t)n + 1;
	return str;
}

struct hr_str resolve_name(struct resolve_answer *answer, const char *text)
{
	char clean[NAME_MOST];

	identity_copy(clean, sizeof(clean), text, strnlen(text, sizeof(clean)));
	text_mask(clean);
	return resolve_text(answer, clean);
}

/* Labels have no control characters by now (labels.c). One that does not fit is omitted, as half of one could match a selector that
 * the whole one does not. */
static struct hr_str resolve_labels(struct resolve_answer *answer, char *labels)
{
	while (strlen(labels) + 1 > RESOLVE_TEXT - answer->text_used) {
		char *last = strrchr(labels, '\n');

		if (!last)
			return (struct hr_str){0};
		*last = '\0';
	}
	return resolve_text(answer, labels);
}

static void fill_identity(struct resolve_answer *answer, struct identity *identity,
			  const char *path)
{
	answer->id.runtime = (uint8_t)identity->runtime;
	answer->id.kind = (uint8_t)identity_kind(identity);
	answer->id.chosen = identity->chosen;
	answer->id.root_path = identity->root_path;
	answer->id.workload = identity_workload(identity, path);
	answer->id.cgroup = resolve_text(answer, path);
	answer->id.name = resolve_name(answer, identity->name);
	answer->id.container_id = resolve_name(answer, identity->container_id);
	answer->id.container = resolve_name(answer, identity->container);
	answer->id.pod = resolve_name(answer, identity->pod);
	answer->id.namespace = resolve_name(answer, identity->namespace);
	answer->id.pod_uid = resolve_name(answer, identity->pod_uid);
	answer->id.unit = resolve_name(answer, identity->unit);
	answer->id.image = resolve_name(answer, identity->image);
	answer->labels = resolve_labels(answer, identity->labels);
}

/* 1: complete, no state file can add anything. */
static uint32_t identify(struct opener *opener, const char *path_text, uint32_t again,
			 struct resolve_answer *answer)
{
	struct path path;
	struct identity identity;
	bool has_files;

	path_split(path_text, &path);
	opener->watch_id = answer->cgroup_id;
	identity_resolve(opener, &path, &identity);
	opener->watch_id = 0;
	answer->named = identity.named;
	fill_identity(answer, &identity, path.whole[0] ? path.whole : "/");
	has_files = (identity.kind == HR_KIND_CONTAINER && !identity.path_names) ||
		    identity.kind == HR_KIND_POD;
	return !has_files || identity.named || again >= RESOLVE_AGAIN_MAX;
}

static ssize_t read_proc(struct opener *opener, uint32_t what, uint32_t pid, char *text,
			 size_t bytes)
{
	struct open_request request = {.what = what, .pid = pid};
	struct open_answer answer;
	_cleanup_close_ int fd = -1;
	int r;

	r = opener_ask(opener, &request, &answer, &fd);
	if (r < 0)
		return r;
	return whole_read(fd, text, bytes);
}

int process_start_ticks(const char *stat, uint64_t *ret_ticks)
{
	const char *at = strrchr(stat, ')'); /* the name before it may hold any byte */
	unsigned long long ticks;

	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	if (!at || sscanf(at, "%llu", &ticks) != 1)
		return -EBADMSG;
	*ret_ticks = ticks;
	return 0;
}

/* The arguments of a process, if it still is the one in the question. Both files are opened before
 * the comparison: if the start time matches now, the descriptor opened earlier belongs to no
 * younger process. */
static ssize_t read_args(struct opener *opener, const struct resolve_question *question, char *args,
			 size_t bytes)
{
	char stat[1024];
	uint64_t ticks, hz = (uint64_t)sysconf(_SC_CLK_TCK), wanted;
	ssize_t n, m;
	int r;

	n = read_proc(opener, OPEN_PROC_CMDLINE, question->pid, args, bytes);
	if (n < 0 || !question->start_boottime_ns)
		return n;
	m = read_proc(opener, OPEN_PROC_STAT, question->pid, stat, sizeof(stat) - 1);
	if (m < 0)
		return m;
	stat[m] = 0;
	r = process_start_ticks(stat, &ticks);
	if (r < 0)
		return r;
	wanted = question->start_boottime_ns / (NS_PER_SEC / hz);
	return ticks + 1 < wanted || ticks > wanted + 1 ? -ESRCH : n;
}

static void command_line(struct opener *opener, const struct resolve_question *question,
			 struct resolve_answer *answer)
{
	char read[CMDLINE_MAX], line[CMDLINE_TEXT];
	const char *args = question->args;
	ssize_t n = question->args_bytes;

	if (n > RECORD_ARGS)
		n = RECORD_ARGS;
	if (!n) {
		args = read;
		n = read_args(opener, question, read, sizeof(read));
	}
	if (n < 0) {
		answer->error = (int32_t)n;
		return;
	}
	redact_args(args, (size_t)n, line, sizeof(line));
	answer->cmdline = resolve_name(answer, line);
}

void resolve_answer_begin(const struct resolve_question *question, struct resolve_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->ask = question->ask;
	answer->serial = question->serial;
	answer->tag = question->tag;
	answer->cgroup_id = question->cgroup_id;
	answer->pid = question->pid;
	answer->complete = 1;
}

int resolve_path(struct opener *opener, struct resolve_question *question)
{
	struct open_request request = {.what = OPEN_CGROUP, .cgroup_id = question->cgroup_id};
	struct open_answer found;
	int fd = -1, r;

	question->path[sizeof(question->path) - 1] = '\0';
	if (question->path[0] || !question->cgroup_id)
		return 0;
	r = opener_ask(opener, &request, &found, &fd);
	if (r == 0)
		identity_copy(question->path, sizeof(question->path), found.name,
			      strlen(found.name));
	return r;
}

void resolve_answer_later(const struct resolve_question *question, uint32_t wait_ms,
			  struct resolve_answer *ret_answer)
{
	struct identity identity;
	struct path path;

	resolve_answer_begin(question, ret_answer);
	ret_answer->complete = 0;
	ret_answer->wait_ms = wait_ms;
	if (question->ask == RESOLVE_PROCESS && question->args_bytes)
		command_line(NULL, question,
			     ret_answer); /* arguments that came along: nothing is opened */
	else if (question->ask == RESOLVE_PROCESS)
		ret_answer->error = -EAGAIN;
	if (!cgroup_path_is_sound(question->path))
		return;
	path_split(question->path, &path);
	identity_from_path(&path, &identity);
	/* Not looked at: no exemption may follow, else a user would use up its share to get one. */
	identity.chosen = HR_CHOSEN_NAMES | HR_CHOSEN_UNIT | HR_CHOSEN_PATH;
	identity.root_path = 0;
	fill_identity(ret_answer, &identity, path.whole);
}

void resolve_answer_question(struct opener *opener, const struct resolve_question *asked,
			     struct resolve_answer *ret_answer)
{
	struct resolve_question question = *asked;
	struct resolve_answer *answer = ret_answer;
	int r;

	resolve_answer_begin(&question, answer);
	switch (question.ask) {
	case RESOLVE_PROCESS:
		command_line(opener, &question, answer);
		break;
	case RESOLVE_FIND:
	case RESOLVE_CGROUP:
		break;
	default:
		answer->error = -EINVAL;
		return;
	}
	r = resolve_path(opener, &question);
	if (r < 0) {
		answer->error = answer->error ? answer->error : r;
		answer->complete = r != -EAGAIN || question.again >= RESOLVE_AGAIN_MAX;
	} else if (cgroup_path_is_sound(question.path)) {
		answer->complete = identify(opener, question.path, question.again, answer);
	}
}

void resolve_answer_kmsg(struct opener *opener, const struct kmsg_oom *oom,
			 struct resolve_answer *ret_answer)
{
	struct resolve_answer *answer = ret_answer;

	memset(answer, 0, sizeof(*answer));
	answer->ask = RESOLVE_KMSG_OOM;
	answer->complete = 1;
	answer->pid = oom->pid;
	answer->uid = oom->uid;
	answer->constraint = oom->constraint;
	answer->chosen = oom->chosen;
	answer->oom_score_adj = oom->oom_score_adj;
	answer->anon = oom->anon;
	answer->file = oom->file;
	answer->shmem = oom->shmem;
	answer->pgtables = oom->pgtables;
	memcpy(answer->comm, oom->comm, sizeof(answer->comm));
	/* A name that imitates the record's fields may leave a part of a path. */
	if (cgroup_path_is_sound(oom->limit_path))
		answer->limit_path = resolve_text(answer, oom->limit_path);
	if (cgroup_path_is_sound(oom->task_path))
		answer->task_path = resolve_text(answer, oom->task_path);
	if (answer->task_path.at)
		answer->complete = identify(opener, oom->task_path, RESOLVE_AGAIN_MAX, answer);
}
