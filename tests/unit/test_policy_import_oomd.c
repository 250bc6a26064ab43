// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* oomd's JSON as policies. */
#include "fixture_import.h"

static void test_oomd(void **state)
{
	_cleanup_free_ char *text = import(import_oomd, FIXTURES "oomd/oomd.json", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);
	const struct policy *p = find(set, "oomd-user session protection-1");

	assert_int_equal(set->policies, 3);
	assert_true(p->threshold[CONDITION_FULL_AVG10].value == 6000 && p->for_ms == 30000);
	assert_int_equal(p->mode, MODE_DRY_RUN); /* memory_reclaim has no equivalent */
	assert_int_equal(milli(set, "oomd-user session protection-2"), 150);
	assert_int_equal(find(set, "oomd-shop-3")->threshold[CONDITION_USAGE].value, 1536ULL << 20);
	has(text, "rulesets[1].color = \"red\"   ← not taken");
}

#define RULESET(detectors_, cgroup_)                                                          \
	"{\"rulesets\": [{\"name\": \"a\", \"detectors\": [[" detectors_                      \
	"]], \"actions\": [{\"name\": \"kill_by_pg_scan\", \"args\": {\"cgroup\": \"" cgroup_ \
	"\"}}]}]}"
#define MEMORY(cgroup_, limit_)                                                             \
	"{\"name\": \"memory_above\", \"args\": {\"cgroup\": \"" cgroup_ "\", " limit_ ", " \
	"\"duration\": \"5\"}}"
#define PRESSURE(threshold_, duration_)                                               \
	"{\"name\": \"pressure_above\", \"args\": {\"cgroup\": \"x\", \"resource\": " \
	"\"memory\", \"threshold\": \"" threshold_ "\", \"duration\": \"" duration_ "\"}}"

static void test_oomd_conditions(void **state)
{
	static const struct {
		const char *json, *when; /* NULL: no policy */
		const char *dry;         /* why it stays in dry-run */
	} rows[] = {
		{RULESET(MEMORY("b/*", "\"threshold_anon\": \"2G\""), "b/*"),
		 "when: {used: 2097152KiB, for: 5s}", NULL},
		{RULESET(MEMORY("b/*", "\"threshold\": \"1.5M 32K 512\""), "b/*"),
		 "when: {usage: 1568KiB, for: 5s}", NULL},
		{RULESET(MEMORY("b/*", "\"threshold_anon\": \"75%\", \"threshold\": \"1G\""),
			 "b/*"),
		 "when: {used: 75.0%, for: 5s}", "the share was of the host's memory"},
		{RULESET(MEMORY("/", "\"threshold\": \"90%\""), "b/*"),
		 "when: {host_available: 10%, for: 5s}", NULL},
		{RULESET(MEMORY("c/*", "\"threshold\": \"1G\""), "b/*"), NULL, NULL},
		/* all detectors of a group must hold */
		{RULESET(PRESSURE("60", "30") ", " PRESSURE("20", "90"), "b/*"),
		 "when: {full_avg10: 60, for: 90s}", NULL},
		{RULESET(PRESSURE("60", "30") ", " MEMORY("c/*", "\"threshold\": \"1G\""), "b/*"),
		 "when: {full_avg10: 60, for: 30s}", "a size of other cgroups"},
		{RULESET(MEMORY("b/*", "\"threshold\": \"1G\"") ", " MEMORY("/", "\"threshold\": "
										 "\"80%\""),
			 "b/*"),
		 "when: {usage: 1048576KiB, host_available: 20%, for: 5s}", NULL},
		/* no number is not the default */
		{RULESET(PRESSURE("high", "30"), "b/*"), NULL, NULL},
		{RULESET("{\"name\": \"swap_free\", \"args\": {\"threshold_pct\": -1}}", "b/*"),
		 NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_free_ char *text = import_of_text(import_oomd, rows[i].json, 0, 0);
		_cleanup_free_ struct policy_set *set = policy_parse(text);

		assert_int_equal(set->policies, rows[i].when != NULL);
		if (rows[i].when)
			has(text, rows[i].when);
		if (rows[i].dry)
			has(text, rows[i].dry);
		if (rows[i].when && !rows[i].dry)
			has_not(text, "    mode: dry-run");
	}
}

/* Names that would end a string of YAML, or begin a line of it. */
static void test_oomd_hostile(void **state)
{
	_cleanup_free_ char *text = import_of_text(
		import_oomd,
		"{\"rulesets\": [{\"name\": \"x'\\n    mode: enforce\\n  - name: y\", "
		"\"detectors\": "
		"[[" PRESSURE("60",
			      "1") "]], \"actions\": [{\"name\": \"kill_by_pg_scan\", \"args\": "
				   "{\"cgroup\": \"a'b\\nmode: enforce,]}c,{d,\\u0001e, f "
				   ",\\\\*\"}}, {\"name\": "
				   "\"systemd_restart\", \"args\": {\"service\": "
				   "\"x'.service\\nmode: enforce\"}}]}]}",
		0, 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);

	assert_int_equal(set->policies, 2);
	assert_int_equal(set->mode, MODE_DRY_RUN);
	for (uint32_t i = 0; i < set->policies; i++)
		assert_true(policy_at(set, i)->mode != MODE_ENFORCE || set->mode == MODE_DRY_RUN);
	has_not(text, "\nmode: enforce");
	has_not(text, "\n    mode: enforce");
	free(import_of_text(import_oomd, "{\"rulesets\": [], \"rulesets\": []}", -EBADMSG, 0));
}

/* A long list is broken between its entries, never within one. */
static void test_oomd_width(void **state)
{
	char json[4000] =
		"{\"rulesets\": [{\"name\": \"a\", \"detectors\": [[{\"name\": \"swap_free\"}]], "
		"\"actions\": [{\"name\": \"kill_by_pg_scan\", \"args\": {\"cgroup\": \"";
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ struct policy_set *set = NULL;

	for (int i = 0; i < 60; i++)
		snprintf(json + strlen(json), 40, "%sit's '%*d/x", i ? "," : "", i % 20 + 1, i);
	strcat(json, "\"}}]}]}");
	text = import_of_text(import_oomd, json, 0, 0);
	set = policy_parse(text);
	assert_int_equal(policy_match_at(set, policy_at(set, 0)->first_match)->n, 60);
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		assert_true(*at == '#' || strcspn(at, "\n") <= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oomd),
		cmocka_unit_test(test_oomd_conditions),
		cmocka_unit_test(test_oomd_hostile),
		cmocka_unit_test(test_oomd_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
