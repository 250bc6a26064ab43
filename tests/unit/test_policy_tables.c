// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Each line of the tables of conditions and actions is whole, and the pages that people read name each. */
#include "fixture_policy.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "json/json.h"
#include "policy/action_table.h"
#include "policy/condition_table.h"

#define POLICIES_PAGE "docs/reference/policies.md"

static char page[256 << 10];

static int read_page(void **state)
{
	_cleanup_fclose_ FILE *file = fopen(POLICIES_PAGE, "r");

	if (!file)
		return -1;
	page[fread(page, 1, sizeof(page) - 1, file)] = 0;
	return 0;
}

static void page_names(const char *word)
{
	char row[64];

	snprintf(row, sizeof(row), "`%s`", word);
	if (!strstr(page, row))
		fail_msg(POLICIES_PAGE " does not name %s", row);
}

static void is_sentence(const char *text)
{
	assert_non_null(text);
	assert_true(strlen(text) > 10 && text[strlen(text) - 1] == '.');
}

static void test_conditions(void **state)
{
	for (size_t i = 0; i < CONDITIONS; i++) {
		const struct condition *c = &condition_table[i];

		assert_non_null(c->key);
		assert_non_null(c->read);
		assert_non_null(c->values);
		assert_non_null(strstr(c->sentence, "{}"));
		assert_true(c->least && c->least <= c->most);
		assert_true(c->scope & (FOR_CONTAINERS | FOR_PROCESSES));
		assert_true((c->levels != NULL) == (c->type == VALUE_LEVEL));
		assert_true((c->of_text != NULL) == (c->type == VALUE_AMOUNT));
		/* Calm lies beyond the threshold. */
		assert_true(!c->calm_milli ||
			    (c->below ? c->calm_milli > 1000 : c->calm_milli <= 1000));
		is_sentence(c->reference);
		page_names(c->key);
	}
}

/* What is not known of a slot, a process group or a host is unknown in the inputs and null in the event. */
static void test_unknown(void **state)
{
	static const struct hr_slot slot = {.memory = {.usage = HR_UNKNOWN,
						       .unreclaimable = HR_UNKNOWN,
						       .rss = HR_UNKNOWN,
						       .headroom = HR_UNKNOWN},
					    .pressure = {HR_UNKNOWN_U32, HR_UNKNOWN_U32},
					    .counts = {.refaults_per_second = HR_UNKNOWN},
					    .forecast = {.risk_centi = UINT16_MAX,
							 .oom_in_p50_ms = HR_UNKNOWN,
							 .drift_bytes_per_second = HR_UNKNOWN_I64}};
	static const struct process_group group = {.rss = HR_UNKNOWN,
						   .largest_rss = HR_UNKNOWN,
						   .age_ms = HR_UNKNOWN,
						   .growth_bytes_per_second = HR_UNKNOWN_I64};
	static const char *const keys[] = {
		"usage_bytes",          "unreclaimable_bytes", "rss_bytes",
		"headroom_bytes",       "oom_in_seconds",      "risk",
		"host_available_bytes", "some_avg10",          "full_avg10",
		"refaults_per_second"};
	const struct input_source sources[] = {{.slot = &slot}, {.pgroup = &group}};

	for (size_t s = 0; s < ARRAY_SIZE(sources); s++) {
		struct hr_inputs inputs = {0};
		uint64_t at[CONDITIONS];
		json_t *object;

		condition_inputs(&sources[s], at);
		for (size_t i = 0; i < CONDITIONS; i++)
			assert_true(at[i] == HR_UNKNOWN);
		condition_record(at, &inputs);
		object = json_inputs(&inputs);
		for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
			assert_true(json_is_null(json_object_get(object, keys[i])));
		json_decref(object);
	}
}

static void test_actions(void **state)
{
	unsigned int orders = 0;
	char words[ACTION_WORDS];

	for (unsigned int i = HR_ACTION_NOTIFY; i < HR_ACTION_COUNT; i++) {
		const struct action_kind *kind = &action_kinds[i];

		is_sentence(kind->reference);
		if (!kind->order)
			continue;
		page_names(hr_action_kind_name(i));
		assert_false(orders & 1u << kind->order);
		orders |= 1u << kind->order;
		assert_non_null(kind->sentence);
		assert_true(kind->severity > 0);
	}
	assert_string_equal(action_words(false, words),
			    "notify, reflex, reclaim, throttle, resize, term, kill");
	assert_string_equal(action_words(true, words), "notify, term, kill");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_actions),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
