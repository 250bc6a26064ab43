// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Parses OOM kills from the kernel log's text. Names of commands and cgroups in it are hostile:
 * fields are parsed from the side where no hostile text precedes them, and records that user space
 * wrote into the log (facility not 0) are skipped.
 */
#include "kmsg.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "identify.h"
#include "identity.h"

/* The kernel cuts a line after some 970 bytes (kernel/printk: LOG_LINE_MAX less its prefix, before 6.4;
 * later 1024 and more): a shorter one is whole. */
#define LINE_SURE 960

#define SUMMARY_AGE_US 5000000 /* the kill follows its summary at once; a slow console delays it */

static bool begins(const char *text, const char *with, const char **ret_rest)
{
	size_t n = strlen(with);

	if (strncmp(text, with, n))
		return false;
	*ret_rest = text + n;
	return true;
}

static void copy(char *to, size_t to_bytes, const char *from, size_t n)
{
	if (n >= to_bytes)
		n = to_bytes - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

static const char *last_of(const char *text, const char *what)
{
	const char *last = NULL;

	for (const char *at = text; (at = strstr(at, what)); at++)
		last = at;
	return last;
}

static void forget(struct kmsg *kmsg)
{
	memset(kmsg, 0, sizeof(*kmsg));
	kmsg->said.constraint = RECORD_CONSTRAINT_UNKNOWN;
	kmsg->said.uid = HR_UNKNOWN_U32;
}

static uint32_t parse_constraint(const char *text)
{
	static const char *const names[] = {
		"CONSTRAINT_NONE,",
		"CONSTRAINT_CPUSET,",
		"CONSTRAINT_MEMORY_POLICY,",
		"CONSTRAINT_MEMCG,",
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strncmp(text, names[i], strlen(names[i])))
			return i;
	return RECORD_CONSTRAINT_UNKNOWN;
}

static unsigned int count_before(const char *text, const char *end, const char *what)
{
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, what)) && at < end; at++)
		n++;
	return n;
}

/* The ",task=" of a summary, if its paths can be told apart from names that imitate its fields; else
 * NULL. A cpuset, a cgroup and a command may have any name, also "x,oom_memcg=/victim": then there
 * are two of a field. A name may also be so long that the kernel cuts the record before the real
 * fields. */
static const char *find_task(const char *text, const char *pid)
{
	const char *task = NULL;
	unsigned int pid_number, uid;
	int n = 0;

	if (!pid || sscanf(pid, ",pid=%u,uid=%u%n", &pid_number, &uid, &n) != 2 ||
	    (pid[n] && !isspace((unsigned char)pid[n])) || strlen(text) >= LINE_SURE)
		return NULL;
	for (const char *at = text; (at = strstr(at, ",task=")) && at < pid; at++) {
		if (pid - (at + 6) >= RECORD_COMM)
			continue;
		if (task)
			return NULL;
		task = at;
	}
	if (!task || count_before(text, task, ",mems_allowed=") > 1 ||
	    count_before(text, task, ",task_memcg=") != 1 ||
	    count_before(text, task, ",oom_memcg=") + count_before(text, task, ",global_oom,") != 1)
		return NULL;
	return task;
}

/* oom-kill:constraint=C,nodemask=N,cpuset=S,mems_allowed=M,oom_memcg=P|global_oom,
 * task_memcg=P,task=COMM,pid=N,uid=N From the right: numbers, then a name of at most 15 bytes, then
 * the paths. */
static void parse_summary(struct kmsg *kmsg, uint64_t time_us, const char *text)
{
	const char *pid = last_of(text, ",pid="), *task, *memcg, *limit;

	forget(kmsg);
	kmsg->emitted_us = time_us ? time_us : 1;
	kmsg->said.constraint = parse_constraint(text);
	if (pid) {
		unsigned int n, uid;

		if (sscanf(pid, ",pid=%u,uid=%u", &n, &uid) == 2) {
			kmsg->pid = n;
			kmsg->said.uid = uid;
		}
	}
	task = find_task(text, pid);
	if (!task)
		return;
	limit = strstr(text, ",oom_memcg=");
	memcg = strstr(text, ",task_memcg=");
	if (limit > memcg)
		return;
	if (limit)
		copy(kmsg->said.limit_path, RECORD_PATH, limit + 11, (size_t)(memcg - limit - 11));
	copy(kmsg->said.task_path, RECORD_PATH, memcg + 12, (size_t)(task - memcg - 12));
}

/* Before 5.0: "Task in A killed as a result of limit of B" */
static void parse_old_summary(struct kmsg *kmsg, uint64_t time_us, const char *text)
{
	static const char middle[] = " killed as a result of limit of ";
	const char *at = last_of(text, middle);

	if (!at)
		return;
	forget(kmsg);
	kmsg->emitted_us = time_us ? time_us : 1;
	kmsg->said.constraint = 3; /* CONSTRAINT_MEMCG: no other constraint prints this line */
	if (count_before(text, at, middle) || strlen(text) >= LINE_SURE)
		return;
	copy(kmsg->said.task_path, RECORD_PATH, text, (size_t)(at - text));
	copy(kmsg->said.limit_path, RECORD_PATH, at + strlen(middle),
	     strcspn(at + strlen(middle), "\n"));
}

/* memory.oom.group: "Tasks in PATH are going to be killed due to memory.oom.group set" */
static void parse_group(struct kmsg *kmsg, const char *text)
{
	const char *at = last_of(text, " are going to be killed due to memory.oom.group set");

	if (!at || !kmsg->emitted_us)
		return;
	kmsg->group = true;
	copy(kmsg->said.task_path, RECORD_PATH, text, (size_t)(at - text));
}

static uint64_t field_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long long kib;

	if (!at || sscanf(at + strlen(name), "%llukB", &kib) != 1 || kib >= RESOLVE_SIZE_MOST >> 10)
		return HR_UNKNOWN;
	return kib << 10;
}

/* "Killed process 123 (comm) total-vm:…": comm may hold parentheses and blanks; the numbers cannot.
 * */
static bool parse_kill(struct kmsg *kmsg, uint64_t time_us, const char *text, bool memcg,
		       struct kmsg_oom *ret_oom)
{
	const char *end = last_of(text, ") total-vm:"), *end_old = last_of(text, "), UID ");
	const char *comm, *at;
	struct kmsg_oom oom;
	unsigned int pid, uid;
	int n = 0;

	if (!end)
		end = end_old; /* vendor kernels of the 4.x series put the uid first */
	if (!isdigit((unsigned char)text[0]) || sscanf(text, "%u (%n", &pid, &n) != 1 || !n ||
	    !end || end < text + n || !pid || pid > RESOLVE_PID_MOST)
		return false;
	comm = text + n;
	if (!kmsg->emitted_us || time_us > kmsg->emitted_us + SUMMARY_AGE_US)
		forget(kmsg);
	else if (!kmsg->group && (kmsg->spent || (kmsg->pid && kmsg->pid != pid)))
		forget(kmsg);
	if (kmsg->group &&
	    kmsg->pid == pid) /* the walk through the group meets the chosen one again */
		return false;
	kmsg->pid = kmsg->pid ?: pid;
	oom = kmsg->said;
	oom.pid = pid;
	oom.chosen = kmsg->pid;
	copy(oom.comm, sizeof(oom.comm), comm, (size_t)(end - comm));
	oom.anon = field_kib(end, "anon-rss:");
	oom.file = field_kib(end, "file-rss:");
	oom.shmem = field_kib(end, "shmem-rss:");
	oom.pgtables = field_kib(end, "pgtables:");
	at = strstr(end, "UID:");
	if (at && sscanf(at, "UID:%u", &uid) == 1)
		oom.uid = uid;
	at = strstr(end, "oom_score_adj:");
	oom.oom_score_adj = at ? atoi(at + strlen("oom_score_adj:")) : INT32_MIN;
	if (oom.oom_score_adj < -RESOLVE_ADJ_MOST || oom.oom_score_adj > RESOLVE_ADJ_MOST)
		oom.oom_score_adj = INT32_MIN;
	if (oom.constraint == RECORD_CONSTRAINT_UNKNOWN && memcg)
		oom.constraint = 3;
	kmsg->spent = true;
	*ret_oom = oom;
	return true;
}

bool kmsg_text(struct kmsg *kmsg, uint64_t time_us, const char *text, struct kmsg_oom *ret_oom)
{
	static const struct {
		const char *words;
		bool memcg;
	} kills[] = {
		{"Memory cgroup out of memory: Killed process ", true},
		{"Out of memory: Killed process ", false},
		{"Out of memory (oom_kill_allocating_task): Killed process ", false},
		{"Killed process ", false}, /* before 5.0 */
	};
	const char *rest;

	if (begins(text, "oom-kill:constraint=", &rest)) {
		parse_summary(kmsg, time_us, rest);
	} else if (begins(text, "Task in ", &rest)) {
		parse_old_summary(kmsg, time_us, rest);
	} else if (begins(text, "Tasks in ", &rest)) {
		parse_group(kmsg, rest);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(kills); i++)
			if (begins(text, kills[i].words, &rest))
				return parse_kill(kmsg, time_us, rest, kills[i].memcg, ret_oom);
	}
	return false;
}

/* The log writes every byte that is not printable ASCII, and the backslash, as \xNN (kernel:
 * msg_add_ext_text). The record has no end of its own: nothing beyond n is read. */
static void unescape(const char *from, size_t n, char *to, size_t to_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < n && from[i] && from[i] != '\n' && used + 1 < to_bytes; i++) {
		char byte = escaped_byte(from + i, n - i);

		to[used++] = byte ? byte : from[i];
		if (byte)
			i += ESCAPE_BYTES - 1;
	}
	to[used] = 0;
}

bool kmsg_record(struct kmsg *kmsg, const char *record, size_t n, struct kmsg_oom *ret_oom)
{
	const char *text = memchr(record, ';', n);
	char line[KMSG_RECORD_MAX], head[64];
	unsigned long long time_us;
	unsigned int priority;

	if (!text || (size_t)(text - record) >= sizeof(head))
		return false;
	copy(head, sizeof(head), record, (size_t)(text - record));
	if (sscanf(head, "%u,%*u,%llu,", &priority, &time_us) != 2 || priority >> 3)
		return false;
	text++;
	unescape(text, n - (size_t)(text - record), line, sizeof(line));
	return kmsg_text(kmsg, time_us, line, ret_oom);
}
