// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A scrape: the same text however it is read and whatever was kept of the one before, one series a path, the running one
 * rather than the gone, the largest where there are too many; and numbers that read as what they were, to 15 digits.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "export/exposition.h"
#include "fixture_board.h"

#define NOW  (FIXTURE_T0_NS + FIXTURE_STEP_NS)
#define MOST 32

static struct hr_slot slots[MOST];
static size_t n_slots;

static struct hr_slot *slot(const char *path, const char *name, uint64_t usage)
{
	struct hr_slot *s = &slots[n_slots++];
	struct board_text text;

	memset(s, 0, sizeof(*s));
	memset(&s->memory, 0xff, sizeof(s->memory));
	board_text_init(&text, s, offsetof(struct hr_slot, text), sizeof(*s));
	s->state = HR_SLOT_RUNNING;
	s->cgroup_id = 100 + n_slots;
	s->appeared_ns = NOW - n_slots;
	s->id.kind = HR_KIND_CONTAINER;
	s->id.cgroup = board_text_add(&text, path, true);
	s->id.name = board_text_add(&text, name, false);
	s->memory.usage = usage;
	s->forecast.risk_centi = UINT16_MAX;
	s->text_used = text.used;
	return s;
}

/* On the heap. */
static char *scrape(struct exposition_labels *labels, size_t most, size_t piece)
{
	struct metrics_config config = {.most = most, .cadvisor = true};
	struct metrics_extra extra = {.actions = 0};
	struct exposition *whole = exposition_new(&config, labels), *other, *s;
	struct snapshot head = {.time_ns = NOW};
	struct body text = {0};
	char *buffer = malloc(piece);
	long n;

	for (uint32_t i = 0; i < n_slots; i++)
		if (slots[i].state)
			exposition_add(whole, &slots[i], i, NOW);
	assert_int_equal(exposition_close(whole, &head, &extra), 0);
	s = exposition_share(whole); /* it outlives the others, and starts at the beginning */
	other = exposition_share(whole);
	exposition_free(whole);
	exposition_read(other, buffer, piece);
	exposition_free(other);
	while ((n = exposition_read(s, buffer, piece)) > 0)
		body_add(&text, buffer, (size_t)n);
	assert_int_equal(n, 0);
	assert_int_equal(exposition_read(s, buffer, piece), 0);
	assert_int_equal(body_end(&text), 0);
	free(buffer);
	exposition_free(s);
	return text.text;
}

static void is(struct exposition_labels *labels, size_t most, const char *has, const char *lacks)
{
	char *text = scrape(labels, most, 4096);

	if (has && !strstr(text, has))
		fail_msg("no %s in\n%s", has, text);
	if (lacks && strstr(text, lacks))
		fail_msg("%s in\n%s", lacks, text);
	free(text);
}

static void test_reading(void **state)
{
	struct exposition_labels *labels = exposition_labels_new();
	static const size_t pieces[] = {1, 7, 4096, 1 << 20};
	char *first;

	n_slots = 0;
	for (int i = 0; i < 20; i++) {
		char path[32], name[32];

		snprintf(path, sizeof(path), "/docker/%d", i);
		snprintf(name, sizeof(name), "a\"%d\\\n\033[1m", i);
		slot(path, name, (uint64_t)i << 20);
	}
	first = scrape(labels, 100, 100);
	assert_non_null(strstr(first,
			       "headroom_container_memory_usage_bytes{id=\"/docker/"
			       "3\",name=\"a\\\"3\\\\\\\\\\\\x0a\\\\x1b[1m\","
			       "namespace=\"\",pod=\"\",container=\"\",image=\"\"} 3145728\n"));
	assert_non_null(strstr(first, "\ncontainer_memory_usage_bytes{id=\"/docker/19\""));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char *again = scrape(labels, 100, pieces[i]);

		assert_string_equal(again, first);
		free(again);
	}
	free(first);
	exposition_labels_free(labels);
}

/* A slot that became another's must not keep the labels of the one before. */
static void test_labels(void **state)
{
	struct exposition_labels *labels = exposition_labels_new();

	n_slots = 0;
	slot("/docker/a", "old", 1);
	slot("/docker/b", "other", 2);
	is(labels, 100, "name=\"old\"", NULL);
	n_slots = 0;
	slot("/docker/a", "new", 1);
	is(labels, 100, "name=\"new\"", "name=\"old\"");
	n_slots = 1;
	slots[0].state = HR_SLOT_FREE;
	is(labels, 100, NULL, "name=");
	n_slots = 0;
	slot("/docker/a", "old", 1);
	for (int i = 0; i < MOST - 1; i++)
		slot("/docker/a", "same path", 1);
	is(labels, 100, "name=\"old\"", "name=\"same path\"");
	exposition_labels_free(labels);
}

static void test_twice(void **state)
{
	struct exposition_labels *labels = exposition_labels_new();
	struct hr_slot *gone;

	n_slots = 0;
	gone = slot("/docker/a", "earlier", 7);
	slot("/docker/a", "after", 8)->appeared_ns = 1;
	gone->state = HR_SLOT_GONE;
	gone->gone_ns = NOW - NS_PER_SEC;
	gone->oom_kills_total = 1;
	is(labels, 100, "memory_usage_bytes{id=\"/docker/a\",name=\"after\"", "earlier");
	n_slots = 1; /* gone alone: its counters, nothing else */
	is(labels, 100, "oom_kills_total{id=\"/docker/a\",name=\"earlier\"", "memory_usage_bytes{");
	gone->gone_ns = NOW - (METRICS_KEEP_S + 1) * NS_PER_SEC;
	is(labels, 100, NULL, "earlier");
	exposition_labels_free(labels);
}

/* A group without a name is exported while it holds processes, and after a kill: that may have been its last one. */
static void test_emptied(void **state)
{
	struct exposition_labels *labels = exposition_labels_new();
	struct hr_slot *group;

	n_slots = 0;
	group = slot("/batch/job", "job", 7);
	group->id.kind = HR_KIND_GROUP;
	is(labels, 100, NULL, "job");
	group->flags = HR_SLOT_POPULATED | HR_SLOT_HAS_TASKS;
	is(labels, 100,
	   "oom_kills_total{id=\"/batch/"
	   "job\",name=\"job\",namespace=\"\",pod=\"\",container=\"\",image=\"\"} 0\n",
	   NULL);
	group->flags = 0;
	group->oom_kills_total = 1;
	is(labels, 100,
	   "oom_kills_total{id=\"/batch/"
	   "job\",name=\"job\",namespace=\"\",pod=\"\",container=\"\",image=\"\"} 1\n",
	   NULL);
	exposition_labels_free(labels);
}

static bool has_alarm(const char *id, const char *alarm)
{
	struct exposition_labels *labels = exposition_labels_new();
	char *text = scrape(labels, MOST, 4096), begin[256], end[8], *at;
	bool found;

	snprintf(begin, sizeof(begin), "headroom_container_alarm{id=\"%s\",", id);
	snprintf(end, sizeof(end), "} %s\n", alarm);
	at = strstr(text, begin);
	found = at && !strncmp(strchr(at, '}'), end, strlen(end));
	free(text);
	exposition_labels_free(labels);
	return found;
}

/* A pod and its sandbox have no series of their own; an alarm for its limit is that of one container. */
static void test_pod(void **state)
{
	static const char pod[] = "/kubepods/pod8e90aaaa-1111-2222-3333-444455556666";
	struct exposition_labels *labels;
	struct hr_slot *s[6];
	char *text;

	n_slots = 0;
	s[0] = slot(pod, "pod", 100);
	s[0]->id.kind = HR_KIND_POD;
	s[1] = slot("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/a", "app", 60);
	s[2] = slot("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/b", "log", 40);
	s[3] = slot("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/p", "pause", 1);
	s[3]->id.kind = HR_KIND_SANDBOX;
	s[4] = slot("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/c", "own", 40);
	s[5] = slot("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/d", "node", 40);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		struct board_text t;

		board_text_init(&t, s[i], offsetof(struct hr_slot, text), sizeof(*s[i]));
		t.used = s[i]->text_used;
		s[i]->id.pod = board_text_add(&t, "web-0", false);
		s[i]->binding.cgroup = board_text_add(&t, i == 5 ? "/kubepods" : pod, true);
		s[i]->text_used = t.used;
		s[i]->binding.level = i == 4 ? HR_LEVEL_OWN : HR_LEVEL_ANCESTOR;
		s[i]->forecast.alarm = HR_ALARM_ACT;
		s[i]->oom_kills_total = 1;
	}
	s[1]->flags = HR_SLOT_ALARMS;
	s[4]->forecast.reason[0].reserved = HR_LEVEL_ANCESTOR;
	labels = exposition_labels_new();
	text = scrape(labels, MOST, 4096);
	assert_null(strstr(text, "id=\"/kubepods/pod8e90aaaa-1111-2222-3333-444455556666\""));
	assert_null(strstr(text, "666/p\""));
	assert_non_null(strstr(text, "666/a\""));
	free(text);
	exposition_labels_free(labels);
	assert_true(has_alarm("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/a", "3"));
	assert_true(has_alarm("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/b", "0"));
	assert_true(has_alarm("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/c", "0"));
	assert_true(has_alarm("/kubepods/pod8e90aaaa-1111-2222-3333-444455556666/d", "3"));
}

static void test_too_many(void **state)
{
	struct exposition_labels *labels = exposition_labels_new();

	n_slots = 0;
	slot("/docker/small", "small", 1);
	slot("/docker/large", "large", 3);
	slot("/docker/middle", "middle", 2);
	is(labels, 2, "left_out 1\n", "small");
	is(labels, 2, "name=\"large\"", NULL);
	is(labels, 2, "name=\"middle\"", NULL);
	is(labels, 3, "left_out 0\n", NULL);
	exposition_labels_free(labels);
}

static void number(double value)
{
	struct body body = {0};

	body_number(&body, value);
	assert_int_equal(body_end(&body), 0);
	if (fabs(strtod(body.text, NULL) - value) > fabs(value) * 1e-14 || strlen(body.text) > 25)
		fail_msg("%.17g became '%s'", value, body.text);
	body_done(&body);
}

static void test_numbers(void **state)
{
	static const double some[] = {0,
				      1,
				      0.5,
				      0.1,
				      0.000000001,
				      9e-05,
				      1e-12,
				      123.456,
				      61.5,
				      9007199254740991.0,
				      1e300,
				      -3,
				      -0.25,
				      9007199.254740992,
				      4e6 + 0.000001,
				      0.07,
				      99.99,
				      18446744073709551615.0};
	const struct {
		double value;
		const char *text;
	} texts[] = {{0, "0"},         {0.5, "0.5"}, {93.25, "93.25"},     {10, "10"},
		     {0.001, "0.001"}, {NAN, "NaN"}, {1.5e9, "1500000000"}};
	struct fixture random = {.random = 1};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		number(some[i]);
	for (int i = 0; i < 20000; i++) {
		uint64_t n = fixture_random(&random) >> (i % 64);

		number((double)(n >> 12));
		number((double)(n >> 20) / 100);
		number((double)(n >> 20) / 1e3);
		number((double)(n >> 20) / 1e6);
		number((double)(n >> 14) / 1e9);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct body body = {0};

		body_number(&body, texts[i].value);
		body_end(&body);
		assert_string_equal(body.text, texts[i].text);
		body_done(&body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading), cmocka_unit_test(test_labels),
		cmocka_unit_test(test_twice),   cmocka_unit_test(test_emptied),
		cmocka_unit_test(test_pod),     cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
