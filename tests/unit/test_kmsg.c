// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The kernel log's wording of OOM kills, from 4.19 to 7.x, and what a hostile name can make of
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "identify/kmsg.h"

#define DOCKER "/docker/9b3e6e5318b4e780fed8f437ee56c03ffc49adf2348ad46ed36a9b3086a7413b"
#define POD    "/kubepods/burstable/pod1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"
#define NO_ADJ INT32_MIN
#define KIB(n) ((n)*1024ULL)

struct file {
	const char *name;
	int kills;
	struct kmsg_oom oom[3];
};

static const struct file files[] = {
	{"6.18-docker",
	 1,
	 {{6874, 0, 3, 0, KIB(50816), KIB(1328), 0, KIB(140), "tail", DOCKER, DOCKER, 6874}}},
	{"4.19-memcg",
	 1,
	 {{4321, HR_UNKNOWN_U32, 3, NO_ADJ, KIB(515000), KIB(14592), 0, HR_UNKNOWN, "java", POD,
	   POD "/9b3e6e5318b4e780fed8f437ee56c03ffc49adf2348ad46ed36a9b3086a7413b", 4321}}},
	{"4.19-global",
	 1,
	 {{1234, HR_UNKNOWN_U32, 4, NO_ADJ, KIB(1234567), 0, KIB(44), HR_UNKNOWN, "chrome", "", "",
	   1234}}},
	{"5.10-global",
	 1,
	 {{2446, 1000, 0, -200, KIB(255676), KIB(100240), KIB(38948), KIB(1496), "gnome-shell", "",
	   "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome\\x2dshell.scope",
	   2446}}},
	{"5.10-allocating-task", 1, {{7, 0, 1, 0, KIB(4), 0, 0, KIB(12), "a", "", "/", 7}}},
	{"5.0-no-uid",
	 1,
	 {{77, 33, 3, NO_ADJ, KIB(400), 0, 0, HR_UNKNOWN, "sh", "/a", "/a/b", 77}}},
	{"7.3-group",
	 2, /* the kernel logs the chosen one twice */
	 {{500, 33, 3, 100, KIB(4000), KIB(12), KIB(8), KIB(40), "nginx", "/shop", "/shop/web",
	   500},
	  {501, 33, 3, 100, KIB(3000), KIB(12), KIB(8), KIB(40), "nginx", "/shop", "/shop/web",
	   500}}},
	{"hostile",
	 3,
	 {{42, 1001, 3, 0, KIB(400), 0, 0, KIB(8), "a) (,pid=9,b", "/x,task=y,pid=1",
	   "/x,task=y,pid=1/z", 42},
	  {43, 0, 3, 0, KIB(400), 0, 0, KIB(8), "\x1b) total-vm:", "/e", "/e", 43},
	  /* its summary is a minute and a half older: not believed */
	  {44, HR_UNKNOWN_U32, 3, NO_ADJ, HR_UNKNOWN, HR_UNKNOWN, 0, HR_UNKNOWN, "t", "", "", 44}}},
};

static FILE *open_fixture(const char *name) /* tests run in the project's top folder */
{
	char path[256];

	snprintf(path, sizeof(path), "tests/fixtures/identity/kmsg/%s.txt", name);
	return fopen(path, "r");
}

static void compare(const char *name, const struct kmsg_oom *is, const struct kmsg_oom *want)
{
	if (is->pid != want->pid || is->uid != want->uid || is->constraint != want->constraint ||
	    is->oom_score_adj != want->oom_score_adj || is->anon != want->anon ||
	    is->chosen != want->chosen || is->file != want->file || is->shmem != want->shmem ||
	    is->pgtables != want->pgtables || strcmp(is->comm, want->comm) ||
	    strcmp(is->limit_path, want->limit_path) || strcmp(is->task_path, want->task_path)) {
		print_error("%s: pid %u uid %u constraint %u adj %d anon %llu file %llu shmem %llu "
			    "pgtables %llu\n"
			    "comm '%s' limit '%s' task '%s'\n",
			    name, is->pid, is->uid, is->constraint, is->oom_score_adj,
			    (unsigned long long)is->anon, (unsigned long long)is->file,
			    (unsigned long long)is->shmem, (unsigned long long)is->pgtables,
			    is->comm, is->limit_path, is->task_path);
		fail();
	}
}

static void test_files(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_fclose_ FILE *f = open_fixture(files[i].name);
		struct kmsg kmsg = {0};
		char line[KMSG_RECORD_MAX];
		int kills = 0;

		assert_non_null(f);
		while (fgets(line, sizeof(line), f)) {
			struct kmsg_oom oom;

			if (!kmsg_record(&kmsg, line, strlen(line), &oom))
				continue;
			if (kills < files[i].kills)
				compare(files[i].name, &oom, &files[i].oom[kills]);
			kills++;
		}
		if (kills != files[i].kills)
			print_error("of: %s\n", files[i].name);
		assert_int_equal(kills, files[i].kills);
	}
}

/* Every record cut at every place. */
static void test_cut(void **state)
{
	_cleanup_fclose_ FILE *f = open_fixture("6.18-docker");
	char line[KMSG_RECORD_MAX];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		for (size_t n = 0; n <= strlen(line); n++) {
			_cleanup_free_ char *part = malloc(n + 1);
			struct kmsg kmsg = {0};
			struct kmsg_oom oom;

			memcpy(part, line, n);
			kmsg_record(&kmsg, part, n, &oom);
		}
}

/* A record of the largest size that is all one path: longer than any that the kernel writes whole. */
static void test_long(void **state)
{
	static char line[KMSG_RECORD_MAX];
	struct kmsg kmsg = {0};
	struct kmsg_oom oom;
	size_t n = (size_t)snprintf(line, sizeof(line),
				    "6,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/");

	memset(line + n, 'a', sizeof(line) - n);
	memcpy(line + 4000, ",task_memcg=/", 13);
	memcpy(line + sizeof(line) - 30, ",task=x,pid=5,uid=6\n", 20);
	kmsg_record(&kmsg, line, sizeof(line) - 10, &oom);
	assert_int_equal(kmsg.pid, 5);
	assert_string_equal(kmsg.said.limit_path, "");
	assert_string_equal(kmsg.said.task_path, "");
}

#define SUMMARY "6,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset="
#define EVIL    "oom_memcg=/evil,task_memcg=/evil/a"
#define END     ",task=hog,pid=7,uid=1000\n"

/* Names that imitate the fields of a summary, in each place that a user can name: no path is better
 * than that of another cgroup. */
static void test_imitated(void **state)
{
	static const struct {
		const char *record, *limit, *task;
	} rows[] = {
		{SUMMARY "x,mems_allowed=0," EVIL END, "/evil", "/evil/a"},
		{SUMMARY "x,mems_allowed=0,global_oom,task_memcg=/evil/a" END, "", "/evil/a"},
		/* a cpuset */
		{SUMMARY "x,oom_memcg=/v,task_memcg=/v,mems_allowed=0," EVIL END, "", ""},
		{SUMMARY "x,mems_allowed=0,global_oom,task_memcg=/v,mems_allowed=0," EVIL END, "",
		 ""},
		{SUMMARY "x,oom_memcg=/v,mems_allowed=0,global_oom,task_memcg=/evil/a" END, "", ""},
		/* the limit's cgroup, the task's */
		{SUMMARY "x,mems_allowed=0,oom_memcg=/v,task_memcg=/v,x,task_memcg=/evil/a" END, "",
		 ""},
		{SUMMARY "x,mems_allowed=0,oom_memcg=/evil,task_memcg=/v,task=a" END, "", ""},
		{SUMMARY "x,mems_allowed=0,oom_memcg=/evil,task_memcg=/v,task=a,pid=1,uid=0/z" END,
		 "/evil", "/v,task=a,pid=1,uid=0/z"},
		/* a command */
		{SUMMARY "x,mems_allowed=0," EVIL ",task=,task_memcg=/v,pid=7,uid=1\n", "/evil",
		 "/evil/a"},
		{SUMMARY "x,mems_allowed=0," EVIL ",task=,pid=1,uid=0,pid=7,uid=1\n", "/evil",
		 "/evil/a"},
		{SUMMARY "x,mems_allowed=0," EVIL ",task=,task=b,pid=7,uid=1\n", "", ""},
		/* the rest is cut off */
		{SUMMARY "x,mems_allowed=0,oom_memcg=/v,task_memcg=/v,task=a,pid=1,uid=0,aaa\n", "",
		 ""},
		{SUMMARY "x,mems_allowed=0,oom_memcg=/v\n", "", ""},
		/* user space writes into the log: facility 1 (LOG_USER) and others */
		{"14,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,mems_allowed=0," EVIL END, "", ""},
		{"-1,1,5,-;oom-kill:constraint=CONSTRAINT_MEMCG,mems_allowed=0," EVIL END, "", ""},
		{"6,1,5,-;Task in /a killed as a result of limit of /b\n", "/b", "/a"},
		{"6,1,5,-;Task in /v killed as a result of limit of /v killed as a result of limit "
		 "of /b\n",
		 "", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kmsg kmsg = {0};
		struct kmsg_oom oom;

		assert_false(kmsg_record(&kmsg, rows[i].record, strlen(rows[i].record), &oom));
		if (strcmp(kmsg.said.limit_path, rows[i].limit) ||
		    strcmp(kmsg.said.task_path, rows[i].task))
			print_error("of: %s", rows[i].record);
		assert_string_equal(kmsg.said.limit_path, rows[i].limit);
		assert_string_equal(kmsg.said.task_path, rows[i].task);
	}
}

/* A record ends where the read ended: bytes behind it that look like more of it are none (run this
 * one with the sanitizers). */
static void test_unterminated(void **state)
{
	static const char ends[] = "6,1,5,-;M re\\x41\\x4";

	for (size_t n = 0; n < sizeof(ends); n++) {
		_cleanup_free_ char *record = malloc(n ? n : 1);
		struct kmsg kmsg = {0};
		struct kmsg_oom oom;

		memcpy(record, ends, n);
		assert_false(kmsg_record(&kmsg, record, n, &oom));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),        cmocka_unit_test(test_cut),
		cmocka_unit_test(test_long),         cmocka_unit_test(test_imitated),
		cmocka_unit_test(test_unterminated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
