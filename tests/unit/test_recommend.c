// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Workloads gathered from a recording, and the fragments that they become; JSON values as YAML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "cli/recommend.h"
#include "fixture_incident.h"
#include "json/json_yaml.h"

#define MIB FIXTURE_MIB

/* ---- fragments ---- */

static struct hr_str put(struct hr_slot *slot, const char *text)
{
	struct hr_str str = {(uint16_t)(offsetof(struct hr_slot, text) + slot->text_used)};

	if (!text)
		return (struct hr_str){0};
	strcpy(slot->text + slot->text_used, text);
	slot->text_used += (uint32_t)strlen(text) + 1;
	return str;
}

static struct recommend_one *make(unsigned int kind, const char *name, const char *pod,
				  const char *unit)
{
	struct recommend_one *one = calloc(1, sizeof(*one));

	one->slot.text_used = 1;
	one->slot.id.kind = (uint8_t)kind;
	one->slot.id.name = put(&one->slot, name);
	one->slot.id.container = put(&one->slot, pod ? name : NULL);
	one->slot.id.pod = put(&one->slot, pod);
	one->slot.id.unit = put(&one->slot, unit);
	one->result = (struct recommendation){.kind = RECOMMEND_RAISE,
					      .limit = 300 * MIB,
					      .request = 200 * MIB,
					      .low = 100 * MIB};
	strcpy(one->name, "shown");
	return one;
}

static const struct {
	enum recommend_format format;
	unsigned int kind;
	const char *name, *pod, *unit;
	const char *has; /* NULL: left out */
} fragment_rows[] = {
	{RECOMMEND_KUBERNETES, HR_KIND_CONTAINER, "api", "shop", NULL,
	 "        - name: \"api\"\n          resources:\n            requests:\n              "
	 "memory: "
	 "200Mi\n            limits:\n              memory: 300Mi\n"},
	{RECOMMEND_KUBERNETES, HR_KIND_CONTAINER, "a\"b\nc", "shop", NULL,
	 "name: \"a\\\"b\\\\x0ac\"\n"},
	{RECOMMEND_KUBERNETES, HR_KIND_CONTAINER, "api", NULL, NULL, NULL},
	{RECOMMEND_KUBERNETES, HR_KIND_UNIT, NULL, NULL, "a.service", NULL},
	{RECOMMEND_COMPOSE, HR_KIND_CONTAINER, "web", NULL, NULL,
	 "  \"web\":\n    deploy:\n      resources:\n        limits:\n          memory: 300M\n     "
	 "   "
	 "reservations:\n          memory: 100M\n"},
	{RECOMMEND_COMPOSE, HR_KIND_CONTAINER, "api", "shop", NULL, NULL},
	{RECOMMEND_SYSTEMD, HR_KIND_UNIT, NULL, NULL, "a.service",
	 "[Service]\nMemoryMax=300M\nMemoryLow=100M\n"},
	{RECOMMEND_SYSTEMD, HR_KIND_UNIT, NULL, NULL, "a.scope", "[Scope]\nMemoryMax=300M\n"},
	{RECOMMEND_SYSTEMD, HR_KIND_CONTAINER, "web", NULL, NULL, NULL},
};

static char *printed(struct recommend_one *one, enum recommend_format format, size_t *ret_written)
{
	struct recommend_one *ones[] = {one};
	struct recommend_all all = {.one = ones, .n = 1};
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_int_equal(recommend_print(&all, format, true, out, ret_written), 0);
	fclose(out);
	return text;
}

static void test_fragments(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(fragment_rows); i++) {
		struct recommend_one *one = make(fragment_rows[i].kind, fragment_rows[i].name,
						 fragment_rows[i].pod, fragment_rows[i].unit);
		const char *has =
			fragment_rows[i].has ? fragment_rows[i].has : "# shown: left out: no ";
		size_t written;
		char *text = printed(one, fragment_rows[i].format, &written);

		if (!strstr(text, has) || written != (fragment_rows[i].has ? 1 : 0))
			fail_msg("row %zu: %s", i, text);
		free(text);
		one->result.kind = RECOMMEND_LEAK;
		text = printed(one, fragment_rows[i].format, &written);
		assert_non_null(strstr(text, "# shown: left out: leak"));
		assert_int_equal(written, 0);
		free(text);
		free(one);
	}
}

/* Points without a figure have no time of the highest one. */
static void test_no_figures(void **state)
{
	struct recommend_one *one = make(HR_KIND_CONTAINER, "web", NULL, NULL);
	struct recommend_one *ones[] = {one};
	struct recommend_all all = {.target = &(struct target){0}, .one = ones, .n = 1};
	char *text = NULL;
	size_t bytes, written;
	FILE *out = open_memstream(&text, &bytes);

	demand_init(&one->demand);
	demand_add(&one->demand, NS_PER_SEC, HR_UNKNOWN, true);
	strcpy(one->result.basis, "Basis.");
	assert_int_equal(recommend_print(&all, RECOMMEND_TABLE, true, out, &written), 0);
	fclose(out);
	assert_non_null(strstr(text, "\n  Basis.\n"));
	free(text);
	free(one);
}

/* ---- gathered from a recording: an incident of 43 minutes ---- */

static const struct {
	const char *target;
	enum recommendation_kind kind;
	uint64_t kills, killed_at_mib, limit_mib; /* 0: none */
} gathered[] = {
	{"api", RECOMMEND_LEAK, 1, 512, 0}, /* it leaked, and was killed and restarted */
	{"postgres", RECOMMEND_FITS, 0, 0, 1216},
	{"reports-batch", RECOMMEND_GROWS, 0, 0, 0},
};

static void test_gathered(void **state)
{
	char dir[] = "/tmp/test_recommend.XXXXXX", board[48], file[48], lock[56];
	struct play play = {.explanation = explanation_find("leak")};

	assert_non_null(mkdtemp(dir));
	snprintf(board, sizeof(board), "%s/board", dir);
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(lock, sizeof(lock), "%s.lock", board);
	assert_int_equal(play_run(&play, board, file), 0);
	board_close(play.f.board);
	for (size_t i = 0; i < ARRAY_SIZE(gathered); i++) {
		struct hr_reader *reader;
		struct target target;
		struct recommend_all all = {.target = &target, .to_ns = UINT64_MAX};
		uint64_t killed_at = gathered[i].killed_at_mib, limit = gathered[i].limit_mib;

		assert_int_equal(target_parse(gathered[i].target, &target), 0);
		assert_int_equal(hr_reader_open(file, &reader), 0);
		assert_int_equal(recommend_read(&all, reader), 0);
		hr_reader_close(reader);
		recommend_finish(&all);
		assert_int_equal(all.n, 1);
		assert_int_equal(all.one[0]->result.kind, gathered[i].kind);
		assert_int_equal(all.one[0]->kills, gathered[i].kills);
		assert_int_equal(all.one[0]->killed_at, killed_at ? killed_at * MIB : HR_UNKNOWN);
		assert_int_equal(all.one[0]->result.limit, limit ? limit * MIB : HR_UNKNOWN);
		recommend_done(&all);
	}
	unlink(board);
	unlink(file);
	unlink(lock);
	rmdir(dir);
}

/* ---- YAML ---- */

static void test_yaml(void **state)
{
	json_t *value = json_loads(
		"{\"a\":\"x: y\",\"b\":[],\"c\":{},\"d\":[1,{\"e\":null,\"f\":[true]},[2]],"
		"\"g\":1e-5,\"h\":2.5,\"i\":3.0,\"j\":\"\"}",
		0, NULL);
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_int_equal(json_print_yaml(value, out), 0);
	fclose(out);
	assert_string_equal(
		text, "a: \"x: y\"\nb: []\nc: {}\nd:\n  - 1\n  - e: null\n    f:\n      - true\n"
		      "  -\n    - 2\ng: 1.0e-05\nh: 2.5\ni: 3.0\nj: \"\"\n");
	free(text);
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_no_figures),
		cmocka_unit_test(test_gathered),
		cmocka_unit_test(test_yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
