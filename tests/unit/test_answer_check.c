// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The daemon's check of the resolver's messages: a table of each field's edges, and random damage of sound messages (the same on
 * every run; HEADROOM_FUZZ=N rounds, HEADROOM_FUZZ_SEED=N). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture_answer.h"
#include "base/cleanup.h"
#include "base/utf8_clean.h"
#include "cgroup/cgroup_dir.h"
#include "daemon/answer_check.h"

static struct asked asked;
static uint64_t serial; /* of the question about cgroup 7 */

static uint64_t ask(uint32_t what, uint64_t id, uint32_t pid, const char *path)
{
	struct resolve_question question = {.ask = what, .tag = id, .cgroup_id = id, .pid = pid};

	strcpy(question.path, path);
	return asked_add(&asked, &question);
}

static uint16_t put(struct resolve_answer *answer, const char *text)
{
	uint16_t at = (uint16_t)(offsetof(struct resolve_answer, text) + answer->text_used);

	strcpy(answer->text + answer->text_used, text);
	answer->text_used += (uint32_t)strlen(text) + 1;
	return at;
}

static void sound(struct resolve_answer *answer)
{
	memset(&asked, 0, sizeof(asked));
	asked.last = 100;
	serial = ask(RESOLVE_CGROUP, 7, 0, "/docker/a\x1b");
	*answer = (struct resolve_answer){.ask = RESOLVE_CGROUP,
					  .serial = serial,
					  .tag = 7,
					  .cgroup_id = 7,
					  .complete = 1,
					  .named = 1,
					  .id = {.runtime = HR_RUNTIME_DOCKER,
						 .kind = HR_KIND_CONTAINER,
						 .workload = UINT64_MAX}};
	answer->id.cgroup.at = put(answer, "/docker/a\x1b"); /* a path has any byte */
	answer->id.name.at = put(answer, "wéb-1");
	answer->id.image.at = put(answer, "shop/web:1");
	answer->labels.at = put(answer, "tier=gold\na=\xe2\x9d\xa4\xef\xb8\x8f");
}

static void sound_process(struct resolve_answer *answer)
{
	sound(answer);
	answer->ask = RESOLVE_PROCESS;
	answer->serial = ask(RESOLVE_PROCESS, 7, 42, "");
	answer->pid = 42;
	answer->cmdline.at = put(answer, "tail /dev/zero");
}

static void sound_kmsg(struct resolve_answer *answer)
{
	sound(answer);
	answer->ask = RESOLVE_KMSG_OOM;
	answer->serial = answer->tag = answer->cgroup_id = 0;
	answer->pid = 42;
	answer->uid = UINT32_MAX;
	answer->constraint = RECORD_CONSTRAINT_UNKNOWN;
	answer->oom_score_adj = INT32_MIN;
	answer->anon = answer->file = answer->shmem = 1 << 20;
	answer->pgtables = HR_UNKNOWN;
	strcpy(answer->comm, "ta\x1bil");
	answer->limit_path.at = answer->task_path.at = answer->id.cgroup.at;
}

static void sound_changed(struct resolve_answer *answer)
{
	*answer = (struct resolve_answer){
		.ask = RESOLVE_CHANGED, .tag = 9, .cgroup_id = 9, .complete = 1};
}

static void sound_map(struct resolve_answer *answer)
{
	sound(answer);
	*answer = (struct resolve_answer){.ask = RESOLVE_MAP,
					  .serial = ask(RESOLVE_MAP, 7, 42, ""),
					  .tag = 7,
					  .cgroup_id = 7,
					  .pid = 42,
					  .complete = 1};
	answer->map = (struct resolve_map){
		.regions = 2,
		.mappings = 3,
		.resident = 3 << 20,
		.swap = 4096,
		.region =
			{{.kind = HR_MAP_HEAP, .mappings = 1, .resident = 2 << 20},
			 {.kind = HR_MAP_MEMFD, .mappings = 2, .resident = 1 << 20, .swap = 4096}},
	};
	answer->map.region[1].name.at = put(answer, "frames");
}

static void (*const makers[])(struct resolve_answer *answer) = {sound, sound_process, sound_kmsg,
								sound_changed, sound_map};

static enum answer_verdict check(const struct resolve_answer *answer)
{
	const char *why = NULL;
	enum answer_verdict verdict = answer_check(&asked, answer, sizeof(*answer), &why);

	assert_int_equal(verdict == ANSWER_WRONG, why != NULL);
	return verdict;
}

static void test_sound(void **state)
{
	struct resolve_answer answer;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		makers[i](&answer);
		assert_int_equal(check(&answer), ANSWER_SOUND);
	}
}

static void test_length(void **state)
{
	struct resolve_answer answer[2];
	const char *why = NULL;

	sound(answer);
	for (size_t n = 0; n < sizeof(answer[0]) + 64; n++)
		if (n != sizeof(answer[0]))
			assert_int_equal(answer_check(&asked, answer, n, &why), ANSWER_WRONG);
}

/* One field of a sound message, set to `value`. */
struct row {
	uint8_t of; /* makers */
	uint8_t bytes;
	uint16_t at;
	uint64_t value;
	enum answer_verdict right;
};
#define FIELD(of, field, value, right)                                                   \
	{                                                                                \
		of, sizeof(((struct resolve_answer *)0)->field),                         \
			offsetof(struct resolve_answer, field), (uint64_t)(value), right \
	}
#define GOOD ANSWER_SOUND
#define BAD  ANSWER_WRONG
enum { CGROUP, PROCESS, KMSG, CHANGED, MAP };

static const struct row rows[] = {
	FIELD(CGROUP, ask, 0, BAD),
	FIELD(CGROUP, ask, RESOLVE_FIND, BAD), /* not what was asked */
	FIELD(CGROUP, ask, RESOLVE_PROCESS, BAD),
	FIELD(CGROUP, ask, RESOLVE_KMSG_OOM, BAD),
	FIELD(CGROUP, ask, RESOLVE_CHANGED, BAD),
	FIELD(CGROUP, ask, RESOLVE_MAP, BAD),
	FIELD(CGROUP, ask, RESOLVE_MAP + 1, BAD),
	FIELD(CGROUP, ask, UINT32_MAX, BAD),
	FIELD(CGROUP, error, -2, GOOD),
	FIELD(CGROUP, error, -4095, GOOD),
	FIELD(CGROUP, error, 1, BAD),
	FIELD(CGROUP, error, -4096, BAD),
	FIELD(CGROUP, error, INT32_MIN, BAD),
	FIELD(CGROUP, serial, 0, BAD),
	FIELD(CGROUP, serial, 100, ANSWER_STALE), /* of a previous daemon */
	FIELD(CGROUP, serial, 102, BAD),          /* not asked yet */
	FIELD(CGROUP, serial, UINT64_MAX, BAD),
	FIELD(CGROUP, tag, 8, BAD),
	FIELD(CGROUP, cgroup_id, 8, BAD),
	FIELD(CGROUP, pid, 1, BAD),
	FIELD(CGROUP, complete, 0, GOOD),
	FIELD(CGROUP, complete, 2, BAD),
	FIELD(CGROUP, named, 0, GOOD),
	FIELD(CGROUP, named, UINT32_MAX, BAD),
	FIELD(CGROUP, wait_ms, RESOLVE_WAIT_MOST_MS, GOOD),
	FIELD(CGROUP, wait_ms, RESOLVE_WAIT_MOST_MS + 1, BAD),
	FIELD(CGROUP, uid, 1, BAD),
	FIELD(CGROUP, constraint, 1, BAD),
	FIELD(CGROUP, oom_score_adj, 1, BAD),
	FIELD(CGROUP, anon, 1, BAD),
	FIELD(CGROUP, file, 1, BAD),
	FIELD(CGROUP, shmem, 1, BAD),
	FIELD(CGROUP, pgtables, 1, BAD),
	FIELD(CGROUP, comm[15], 'x', BAD),
	FIELD(CGROUP, limit_path, 5, BAD),
	FIELD(CGROUP, task_path, 5, BAD),
	FIELD(CGROUP, cmdline, 5, BAD),
	FIELD(CGROUP, id.runtime, HR_RUNTIME_COUNT - 1, GOOD),
	FIELD(CGROUP, id.runtime, HR_RUNTIME_COUNT, BAD),
	FIELD(CGROUP, id.kind, HR_KIND_COUNT - 1, GOOD),
	FIELD(CGROUP, id.kind, HR_KIND_COUNT, BAD),
	FIELD(CGROUP, id.workload, 0, GOOD),
	FIELD(CGROUP, text_used, 0, BAD), /* its strings are outside then */
	FIELD(CGROUP, text_used, 3, BAD),
	FIELD(CGROUP, text_used, RESOLVE_TEXT, GOOD), /* zeros behind it */
	FIELD(CGROUP, text_used, RESOLVE_TEXT + 1, BAD),
	FIELD(CGROUP, text_used, UINT32_MAX, BAD),
	FIELD(CGROUP, id.chosen, 0xf, GOOD),
	FIELD(CGROUP, id.chosen, 0x10, BAD),
	FIELD(CGROUP, id.root_path, 10, GOOD), /* the length of its path */
	FIELD(CGROUP, id.root_path, 11, BAD),
	FIELD(CHANGED, id.chosen, 1, BAD),
	FIELD(PROCESS, pid, 43, BAD),
	FIELD(PROCESS, anon, 1, BAD),
	FIELD(PROCESS, cmdline, 0, GOOD),
	FIELD(KMSG, serial, 1, BAD),
	FIELD(KMSG, tag, 1, BAD),
	FIELD(KMSG, cgroup_id, 1, BAD),
	FIELD(KMSG, error, -2, BAD),
	FIELD(KMSG, wait_ms, 1, BAD),
	FIELD(KMSG, pid, 0, BAD),
	FIELD(KMSG, pid, RESOLVE_PID_MOST, GOOD),
	FIELD(KMSG, pid, RESOLVE_PID_MOST + 1, BAD),
	FIELD(KMSG, constraint, RECORD_CONSTRAINT_UNKNOWN + 1, BAD),
	FIELD(KMSG, oom_score_adj, -1000, GOOD),
	FIELD(KMSG, oom_score_adj, 1000, GOOD),
	FIELD(KMSG, oom_score_adj, 1001, BAD),
	FIELD(KMSG, oom_score_adj, -1001, BAD),
	FIELD(KMSG, anon, HR_UNKNOWN, GOOD),
	FIELD(KMSG, anon, RESOLVE_SIZE_MOST, BAD),
	FIELD(KMSG, file, HR_UNKNOWN - 1, BAD),
	FIELD(KMSG, shmem, RESOLVE_SIZE_MOST, BAD),
	FIELD(KMSG, pgtables, RESOLVE_SIZE_MOST - 1, GOOD),
	FIELD(KMSG, limit_path, 0, GOOD),
	FIELD(KMSG, comm[15], 'x', GOOD), /* NULs before it */
	FIELD(CHANGED, serial, 1, BAD),
	FIELD(CHANGED, tag, 1, BAD),
	FIELD(CHANGED, cgroup_id, 0, BAD),
	FIELD(CHANGED, pid, 1, BAD),
	FIELD(CHANGED, named, 1, BAD),
	FIELD(CHANGED, text_used, 1, BAD),
	FIELD(CHANGED, id.kind, 1, BAD),
	FIELD(CHANGED, id.workload, 1, BAD),
	FIELD(CHANGED, uid, 1, BAD),
	FIELD(CGROUP, map.regions, 1, BAD),
	FIELD(CGROUP, map.region[11].resident, 1, BAD),
	FIELD(KMSG, map.took_ns, 1, BAD),
	FIELD(CHANGED, map.swap, 1, BAD),
	FIELD(MAP, error, -ESRCH, GOOD),
	FIELD(MAP, tag, 8, BAD),
	FIELD(MAP, cgroup_id, 8, BAD),
	FIELD(MAP, pid, 43, BAD),
	FIELD(MAP, serial, 0, BAD),
	FIELD(MAP, named, 1, BAD),
	FIELD(MAP, wait_ms, 1, BAD),
	FIELD(MAP, anon, 1, BAD),
	FIELD(MAP, id.kind, 1, BAD),
	FIELD(MAP, labels, offsetof(struct resolve_answer, text), BAD),
	FIELD(MAP, cmdline, offsetof(struct resolve_answer, text), BAD),
	FIELD(MAP, map.regions, 1, BAD), /* the second one is behind the end */
	FIELD(MAP, map.regions, HR_MAP_REGIONS, GOOD),
	FIELD(MAP, map.regions, HR_MAP_REGIONS + 1, BAD),
	FIELD(MAP, map.regions, UINT32_MAX, BAD),
	FIELD(MAP, map.mappings, UINT32_MAX, GOOD),
	FIELD(MAP, map.resident, RESOLVE_SIZE_MOST, BAD),
	FIELD(MAP, map.resident, 1 << 20, BAD), /* less than a region */
	FIELD(MAP, map.swap, RESOLVE_SIZE_MOST, BAD),
	FIELD(MAP, map.took_ns, RESOLVE_MAP_MOST_NS + 1, BAD),
	FIELD(MAP, map.region[0].kind, HR_MAP_KINDS - 1, GOOD),
	FIELD(MAP, map.region[0].kind, HR_MAP_KINDS, BAD),
	FIELD(MAP, map.region[0].resident, UINT64_MAX, BAD),
	FIELD(MAP, map.region[0].swap, 4097, BAD),
	FIELD(MAP, map.region[0].name, 5, BAD),
	FIELD(MAP, map.region[1].name, offsetof(struct resolve_answer, text) + 1, BAD),
	FIELD(MAP, map.region[2].mappings, 1, BAD),
};

static void test_fields(void **state)
{
	struct resolve_answer answer;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		makers[rows[i].of](&answer);
		memcpy((char *)&answer + rows[i].at, &rows[i].value, rows[i].bytes);
		if (check(&answer) != rows[i].right) {
			print_error("row %zu\n", i);
			fail();
		}
	}
	sound_kmsg(&answer);
	memset(answer.comm, 'x', sizeof(answer.comm));
	assert_int_equal(check(&answer), BAD);
}

/* Where each string may begin: at 0, or at the first byte of one. Labels had no bound in 0.1: the daemon's own memory reached the
 * board. */
static void test_offsets(void **state)
{
	struct resolve_answer answer;

	for (size_t i = 0; i < ARRAY_SIZE(answer_strings); i++)
		for (uint32_t at = 0; at <= UINT16_MAX; at++) {
			uint16_t value = (uint16_t)at;
			size_t in = at - offsetof(struct resolve_answer, text);

			sound_kmsg(&answer);
			memcpy((char *)&answer + answer_strings[i], &value, sizeof(value));
			if (check(&answer) != GOOD)
				continue;
			assert_true(!at ||
				    (at >= offsetof(struct resolve_answer, text) &&
				     in < answer.text_used && (!in || !answer.text[in - 1])));
		}
}

struct text_row {
	const char *text;
	bool name, path, labels;
};

static const struct text_row text_rows[] = {
	{"web", true, false, false},
	{"a b", true, false, false},
	{"grün", true, false, false},
	{"a\\x2db.service", true, false, false},
	{"\x1b[2J", false, false, false},
	{"a\nb", false, false, false},
	{"\x7f", false, false, false},
	{"\xc2\x9b", false, false, false},     /* C1 */
	{"\xe2\x80\xae", false, false, false}, /* right-to-left override */
	{"\xe2\x80\x8b", false, false, false}, /* zero width */
	{"\xff\xfe", false, false, false},     /* no UTF-8 */
	{"\xc0\x80", false, false, false},     /* overlong */
	{"\xed\xa0\x80", false, false, false}, /* surrogate */
	{"a\xe2\x80", false, false, false},    /* cut */
	{"/", true, true, false},
	{"/a/b", true, true, false},
	{"/a\x1b\xff", false, true, false},
	{"/a/", true, false, false},
	{"//a", true, false, false},
	{"/a//b", true, false, false},
	{"/a/../b", true, false, false},
	{"/..", true, false, false},
	{"/.", true, false, false},
	{"/...", true, true, false},
	{"k=v", true, false, true},
	{"k=", true, false, true},
	{"k==", true, false, true},
	{"=v", true, false, false},
	{"k=v\nl=w", false, false, true},
	{"k=v\n", false, false, false},
	{"\nk=v", false, false, false},
	{"k=v\n\nl=w", false, false, false},
	{"k=v\nl", false, false, false},
	{"k=\xe2\x80\x8d", false, false, true}, /* an emoji's joiner: owners choose values */
	{"k=\x1b", false, false, false},
	{"k=\xc2\x85", false, false, false},
	{"k=\xff", false, false, false},
};

static void test_texts(void **state)
{
	struct resolve_answer answer;

	for (size_t i = 0; i < ARRAY_SIZE(text_rows); i++) {
		const struct text_row *row = &text_rows[i];

		sound(&answer);
		answer.id.unit.at = put(&answer, row->text);
		assert_int_equal(check(&answer), row->name ? GOOD : BAD);
		sound(&answer);
		answer.labels.at = put(&answer, row->text);
		assert_int_equal(check(&answer), row->labels ? GOOD : BAD);
		sound_kmsg(&answer);
		answer.limit_path.at = put(&answer, row->text);
		assert_int_equal(check(&answer), row->path ? GOOD : BAD);
		/* only the path that was asked about */
		sound(&answer);
		answer.id.cgroup.at = put(&answer, row->text);
		assert_int_equal(check(&answer), BAD);
		/* … or any, where the resolver was to find it */
		sound(&answer);
		answer.ask = RESOLVE_FIND;
		answer.serial = ask(RESOLVE_FIND, 7, 0, "");
		answer.id.cgroup.at = put(&answer, row->text);
		assert_int_equal(check(&answer), row->path ? GOOD : BAD);
	}
}

static void test_lengths(void **state)
{
	static const struct {
		size_t at, most;
	} fields[] = {
		{offsetof(struct resolve_answer, id.name), 255},
		{offsetof(struct resolve_answer, id.container_id), 131},
		{offsetof(struct resolve_answer, id.namespace), 127},
		{offsetof(struct resolve_answer, id.pod_uid), 71},
	};
	char text[600];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t over = 0; over < 2; over++) {
			struct resolve_answer answer;
			uint16_t at;

			sound(&answer);
			memset(text, 'x', fields[i].most + over);
			text[fields[i].most + over] = '\0';
			at = put(&answer, text);
			memcpy((char *)&answer + fields[i].at, &at, sizeof(at));
			assert_int_equal(check(&answer), over ? BAD : GOOD);
		}
}

/* A question has one answer; one that was given up may still be answered, until its place is needed. */
static void test_questions(void **state)
{
	struct resolve_answer answer;
	uint64_t first;

	sound(&answer);
	first = serial;
	assert_int_equal(asked.out, 1);
	asked_give_up(&asked);
	assert_int_equal(asked.out, 0);
	assert_int_equal(check(&answer), GOOD);
	asked_done(&asked, first);
	assert_int_equal(asked.out, 0);
	assert_int_equal(check(&answer), ANSWER_STALE); /* a second time */
	sound(&answer);
	asked_give_up(&asked);
	for (int i = 0; i < ASKED_KEPT; i++)
		ask(RESOLVE_CGROUP, 1000 + (uint64_t)i, 0, "/a");
	assert_int_equal(asked.out, ASKED_KEPT);
	assert_int_equal(check(&answer), ANSWER_STALE);
	ask(RESOLVE_CGROUP, 1, 0, "/a"); /* the oldest gives way */
	assert_int_equal(asked.out, ASKED_KEPT);
}

static uint64_t state_of_random = 1;

static uint64_t random_number(void)
{
	uint64_t x = state_of_random;

	x ^= x << 13, x ^= x >> 7, x ^= x << 17;
	return state_of_random = x;
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static const char *inside(const struct resolve_answer *answer, struct hr_str str)
{
	const char *end = answer->text + answer->text_used, *at = (const char *)answer + str.at;

	if (!str.at)
		return "";
	assert_true(at >= answer->text && at < end && memchr(at, '\0', (size_t)(end - at)));
	return at;
}

/* What the daemon relies on, said again in other words. */
static void expect_contract(const struct resolve_answer *answer)
{
	const struct hr_str names[] = {
		answer->id.name,      answer->id.container_id, answer->id.image,
		answer->id.pod,       answer->id.namespace,    answer->id.pod_uid,
		answer->id.container, answer->id.unit,         answer->cmdline};
	const struct hr_str paths[] = {answer->id.cgroup, answer->limit_path, answer->task_path};

	assert_true(answer->id.runtime < HR_RUNTIME_COUNT && answer->id.kind < HR_KIND_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_true(
			text_is_clean(inside(answer, names[i]), strlen(inside(answer, names[i]))));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_true(!paths[i].at || cgroup_path_is_sound(inside(answer, paths[i])));
	inside(answer, answer->labels);
	if (answer->serial)
		assert_true(answer->cgroup_id == 7);
}

static void test_damage(void **state)
{
	uint64_t rounds = setting("HEADROOM_FUZZ", 200000), kept = 0;
	struct resolve_answer answer;

	state_of_random = setting("HEADROOM_FUZZ_SEED", 88172645463325252ULL);
	for (uint64_t round = 0; round < rounds; round++) {
		makers[round % ARRAY_SIZE(makers)](&answer);
		for (uint64_t n = 1 + random_number() % 3; n; n--) {
			size_t width = (size_t)1 << random_number() % 4;
			size_t span = random_number() % 2
					      ? offsetof(struct resolve_answer, text) + 64
					      : sizeof(answer) - 8;
			size_t at = random_number() % span & ~(width - 1);
			uint64_t value = random_number() % 3   ? random_number() % 64
					 : random_number() % 2 ? UINT64_MAX
							       : random_number();

			memcpy((char *)&answer + at, &value, width);
		}
		if (check(&answer) != ANSWER_SOUND)
			continue;
		kept++;
		expect_contract(&answer);
	}
	assert_true(kept > rounds / 100); /* else this tests nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),  cmocka_unit_test(test_length),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_texts),  cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
