// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Policies: every refusal with its exact line, what is accepted and what it means, what is bounded, and what is read. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <headroom/reader.h>

#include "policy/policy_parse.h"
#include "policy/config.h"
#include "base/cleanup.h"

#define ERRORS "tests/fixtures/policy/errors"

static char path[] = "/tmp/headroom-test-XXXXXX";
static char error[CONFIG_ERROR];

static int make_path(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state) { return unlink(path); }

static int load_bytes(const char *text, size_t bytes, struct policy_set **ret_set)
{
	struct config config;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fwrite(text, 1, bytes, file);
	fclose(file);
	config_init(&config);
	return config_load(path, &config, ret_set, error);
}

static int load(const char *text, struct policy_set **ret_set)
{
	return load_bytes(text, strlen(text), ret_set);
}

static struct policy_set *good(const char *text)
{
	struct policy_set *set = NULL;

	if (load(text, &set))
		fail_msg("refused: %s", error);
	assert_int_equal(policy_set_verify(set, set->bytes), 0);
	return set;
}

static void refused(const char *text, size_t bytes, const char *line)
{
	struct policy_set *set = NULL;
	char expected[CONFIG_ERROR];

	if (load_bytes(text, bytes, &set) != -EINVAL)
		fail_msg("accepted: %s", text);
	assert_null(set);
	snprintf(expected, sizeof(expected), "%s:%s", path, line);
	assert_string_equal(error, expected);
}

/* ---- refusals ---- */

static size_t decode(char *text)
{
	char *to = text;
	unsigned int byte;

	for (const char *at = text; *at; at++) {
		if (*at != '\\') {
			*to++ = *at;
		} else if (*++at == 'x' && sscanf(at + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			at += 2;
		} else {
			*to++ = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
		}
	}
	*to = 0;
	return (size_t)(to - text);
}

static const struct {
	const char *kind, *before, *after;
} frames[] = {
	{"match", "policies:\n- name: r\n  match: ", "\n  when: {usage: 90%}\n  actions: [kill]\n"},
	{"when", "policies:\n- name: r\n  when: ", "\n  actions: [kill]\n"},
	{"actions", "policies:\n- name: r\n  when: {usage: 90%}\n  actions: ", "\n"},
	{"file", "", ""},
};

static void test_refusals(void **state)
{
	_cleanup_fclose_ FILE *file = fopen(ERRORS, "r");
	char row[2048], text[2048];
	unsigned int rows = 0;

	assert_non_null(file);
	while (fgets(row, sizeof(row), file)) {
		char *part = strchr(row, '\t'), *line = part ? strchr(part + 1, '\t') : NULL;
		size_t i = 0, before, bytes;

		if (*row == '#')
			continue;
		assert_non_null(line);
		*part++ = *line++ = 0;
		line[strcspn(line, "\n")] = 0;
		while (strcmp(frames[i].kind, row) != 0)
			assert_true(++i < ARRAY_SIZE(frames));
		before = strlen(frames[i].before);
		bytes = decode(part);
		decode(line);
		strcpy(text, frames[i].before);
		memcpy(text + before, part, bytes);
		strcpy(text + before + bytes, frames[i].after);
		refused(text, before + bytes + strlen(frames[i].after), line);
		rows++;
	}
	assert_true(rows >= 250);
}

/* ---- what is accepted ---- */

static const char all_keys[] =
	"mode: enforce\n"
	"rate_limit: {kills: 7, per: 1h}\n"
	"policies:\n"
	"- name: first\n"
	"  description: all of it\n"
	"  match: {name: [a*, b], image: i, pod: p, namespace: n, container: c, unit: u.service, "
	"cgroup: /x/*, runtime: 'd*',\n"
	"          label.app.kubernetes.io/name: web}\n"
	"  when: {used: 80%, usage: 99.5%, headroom: 12.5%, oom_in: 60s, risk: 80.25, leak: "
	"confirmed, "
	"growth: 10MiB/min,\n"
	"         some_avg10: 10, full_avg10: 40%, refaults: 500/s, age: 10m, for: 1m30s}\n"
	"  actions: [{notify: {run: [logger, '{name}']}}, {reclaim: 64MiB}, {throttle: {high: 90%, "
	"for: "
	"20s}},\n"
	"       {term: {signal: USR1, grace: 5s}}, {term: 30s}, {kill: largest}]\n"
	"  on_exit: {run: [docker, start, '{name}', '{\"a\"}']}\n"
	"  mode: dry-run\n"
	"  cooldown: 0s\n"
	"  priority: -3\n"
	"- name: second\n"
	"  priority: 1\n"
	"  when: {host_available: 5%}\n"
	"  actions: [notify, throttle, term, kill]\n"
	"- name: third\n"
	"  when: {usage: 300MiB}\n"
	"  actions: [reflex]\n"
	"- name: fourth\n"
	"  match: {process: 'cc1*', scope: host_processes, unit: '*.scope'}\n"
	"  when: {rss: 300MiB, growth: 1GiB/d}\n"
	"  actions: [{term: {signal: SIGRTMIN+3}}]\n"
	"protect: [unit:sshd.service, 'label.tier:gold', 'process:sshd', 'namespace: "
	"kube-system ']\n";

static void check_first(const struct policy_set *set, const struct policy *p)
{
	static const uint32_t actions[] = {HR_ACTION_NOTIFY, HR_ACTION_RECLAIM, HR_ACTION_THROTTLE,
					   HR_ACTION_TERM,   HR_ACTION_TERM,    HR_ACTION_KILL};

	assert_string_equal(policy_text(set, p->name), "first");
	assert_string_equal(policy_text(set, p->description), "all of it");
	assert_int_equal(p->line, 4);
	assert_int_equal(p->mode, MODE_DRY_RUN);
	assert_int_equal(p->priority, -3);
	assert_int_equal(p->matches, 9);
	assert_int_equal(policy_match_at(set, p->first_match)->n, 2);
	assert_string_equal(policy_glob(set, policy_match_at(set, p->first_match)->first + 1), "b");
	assert_int_equal(p->conditions, WHEN(USED) | WHEN(USAGE) | WHEN(HEADROOM) | WHEN(OOM_IN) |
						WHEN(RISK) | WHEN(LEAK) | WHEN(GROWTH) |
						WHEN(SOME_AVG10) | WHEN(FULL_AVG10) | WHEN(AGE) |
						WHEN(REFAULTS));
	assert_true(p->threshold[CONDITION_USAGE].value == HR_UNKNOWN &&
		    p->threshold[CONDITION_USAGE].milli == 995);
	assert_true(p->threshold[CONDITION_HEADROOM].value == HR_UNKNOWN &&
		    p->threshold[CONDITION_HEADROOM].milli == 125);
	assert_int_equal(p->threshold[CONDITION_USED].milli, 800);
	assert_int_equal(p->threshold[CONDITION_OOM_IN].value, 60000);
	assert_int_equal(p->threshold[CONDITION_RISK].value, 8025);
	assert_int_equal(p->threshold[CONDITION_LEAK].value, HR_LEAK_CONFIRMED);
	assert_int_equal(p->threshold[CONDITION_GROWTH].value, 600LL << 20);
	assert_int_equal(p->threshold[CONDITION_SOME_AVG10].value, 1000);
	assert_int_equal(p->threshold[CONDITION_FULL_AVG10].value, 4000);
	assert_int_equal(p->threshold[CONDITION_AGE].value, 600000);
	assert_int_equal(p->threshold[CONDITION_REFAULTS].value, 500);
	assert_int_equal(p->for_ms, 90000);
	assert_int_equal(p->cooldown_ms, 0);
	assert_int_equal(p->actions, ARRAY_SIZE(actions));
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		assert_int_equal(p->action[i].kind, actions[i]);
	assert_string_equal(policy_text(set, p->action[0].command.word[1]), "{name}");
	assert_int_equal(p->action[1].amount.bytes, 64 << 20);
	assert_true(p->action[2].amount.milli == 900 && p->action[2].grace_ms == 20000);
	assert_true(p->action[3].signal == SIGUSR1 && p->action[3].grace_ms == 5000);
	assert_true(p->action[4].signal == SIGTERM && p->action[4].grace_ms == 30000);
	assert_int_equal(p->action[5].largest, 1);
	assert_int_equal(p->on_exit.n, 4);
	assert_string_equal(policy_text(set, p->on_exit.word[3]), "{\"a\"}");
}

static void test_all_keys(void **state)
{
	_cleanup_free_ struct policy_set *set = good(all_keys);
	static const char *const order[] = {"second", "third", "fourth", "first"};
	const struct policy *p;

	assert_int_equal(set->mode, MODE_ENFORCE);
	assert_true(set->rate_limit_kills == 7 && set->rate_limit_per_ms == 3600000);
	assert_int_equal(set->policies, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_string_equal(policy_text(set, policy_at(set, i)->name), order[i]);
	check_first(set, policy_at(set, 3));
	p = policy_at(set, 0); /* the defaults */
	assert_true(p->mode == MODE_ENFORCE && p->cooldown_ms == 300000 && !p->matches &&
		    !p->reflex);
	assert_true(p->threshold[CONDITION_HOST_AVAILABLE].value == HR_UNKNOWN &&
		    p->threshold[CONDITION_HOST_AVAILABLE].milli == 50);
	assert_true(p->action[1].amount.bytes == HR_UNKNOWN && !p->action[1].amount.milli &&
		    p->action[1].grace_ms == 30000);
	assert_true(p->action[2].signal == SIGTERM && p->action[2].grace_ms == 10000 &&
		    !p->action[3].largest);
	p = policy_at(set, 1);
	assert_true(p->reflex && p->threshold[CONDITION_USAGE].value == 300 << 20 &&
		    !p->threshold[CONDITION_USAGE].milli);
	p = policy_at(set, 2);
	assert_true(p->host_processes && p->threshold[CONDITION_RSS].value == 300 << 20 &&
		    p->threshold[CONDITION_GROWTH].value == (1LL << 30) / 24);
	assert_int_equal(p->action[0].signal, SIGRTMIN + 3);
	assert_int_equal(set->protects, 4);
	assert_int_equal(policy_match_at(set, set->protect_first + 2)->key, POLICY_PROCESS);
	assert_string_equal(policy_glob(set, policy_match_at(set, set->protect_first + 3)->first),
			    "kube-system"); /* blanks are no part of the name */
	assert_string_equal(policy_label(set, 0), "app.kubernetes.io/name");
	assert_string_equal(policy_label(set, 1), "tier");
	assert_null(policy_label(set, 2));
}

static void test_defaults(void **state)
{
	_cleanup_free_ struct policy_set *set = good("mode: dry-run\n"),
					 *none = config_no_policies();

	assert_true(!set->policies && !set->protects && set->mode == MODE_DRY_RUN);
	assert_true(set->rate_limit_kills == 3 && set->rate_limit_per_ms == 600000);
	assert_int_equal(policy_set_verify(none, none->bytes), 0);
	assert_true(!none->policies && none->mode == MODE_OBSERVE && none->rate_limit_kills == 3);
	free(set);
	set = good("rate_limit: none\n");
	assert_int_equal(set->rate_limit_per_ms, 0);
	free(set);
	set = good("rate_limit: {kills: 0}\n");
	assert_true(!set->rate_limit_kills && set->rate_limit_per_ms == 600000);
	free(set); /* an anchor may be used, as long as it makes sense */
	set = good("policies:\n- {name: a, when: &w {usage: 90%}, actions: &d [kill]}\n- {name: b, "
		   "when: *w, actions: *d}\n");
	assert_int_equal(set->policies, 2);
}

/* A rule that reaches further than its protection stays. */
static void test_not_only_protected(void **state)
{
	static const char *const rows[][2] = {
		{"name:web-1", "name: web-*"},  {"name:web-?", "name: web-*"},
		{"name:web-?", "name: web-10"}, {"name:web-[0-9]", "name: web-?"},
		{"image:web-*", "name: web-1"}, {"name:web-*", "name: [web-1, api]"},
		{"label.a:x", "label.b: x"},    {"name:*-1", "name: web-*"},
		{"name:web", "name: webs"},     {"unit:a.service", "unit: b.service"},
		{"cgroup:/a/*", "name: x"},     {"name:a*c", "name: ab*"},
	};
	char text[512];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(text, sizeof(text),
			 "protect: ['%s']\npolicies:\n- {name: a, match: {%s}, when: {usage: "
			 "90%%}, actions: [kill]}\n",
			 rows[i][0], rows[i][1]);
		free(good(text));
	}
}

static void test_covers(void **state)
{
	static const struct {
		const char *wide, *glob;
		bool covers;
	} rows[] = {
		{"*", "", true},          {"*", "*", true},           {"a*", "ab*", true},
		{"ab*", "a*", false},     {"a?c", "a*c", false},      {"a?c", "abc", true},
		{"a*c", "a?c", true},     {"a*c", "a[xy]c", true},    {"a[xy]c", "axc", true},
		{"a[xy]c", "a?c", false}, {"a[xy]c", "a[xy]c", true}, {"[!a]", "b", true},
		{"[!a]", "a", false},     {"*a*b*", "xaxbx", true},   {"*a*b*", "xbxax", false},
		{"a\\*", "a\\*", true},   {"a\\*", "a*", false},      {"a*", "a\\*", true},
		{"", "", true},           {"", "a", false},           {"?", "\\?", true},
		{"*b", "a*b*b", true},    {"a**", "a", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (glob_covers(rows[i].wide, rows[i].glob) != rows[i].covers)
			fail_msg("%s covers %s", rows[i].wide, rows[i].glob);
	assert_int_equal(glob_least("a*b?[xyz]\\*"), 5);
	assert_int_equal(glob_least("[]a][!]b]"), 2);
}

/* ---- bounds ---- */

static char *repeat(const char *head, const char *row, unsigned int n, const char *tail)
{
	char *text = NULL;
	size_t bytes;
	FILE *file = open_memstream(&text, &bytes);

	fputs(head, file);
	for (unsigned int i = 0; i < n; i++) {
		const char *number = strchr(row, '#');

		fprintf(file, "%.*s", number ? (int)(number - row) : (int)strlen(row), row);
		if (number)
			fprintf(file, "%u%s", i, number + 1);
	}
	fputs(tail, file);
	fclose(file);
	return text;
}

#define POLICY_ROW                                                                                 \
	"- {name: p#, match: {name: 'web-*'}, when: {usage: 90%}, actions: [notify, {term: 30s}, " \
	"kill]}\n"

static void test_a_thousand(void **state)
{
	_cleanup_free_ char *text =
		repeat("protect: ['name:db-*']\npolicies:\n", POLICY_ROW, 1000, "");
	struct timespec began, ended;
	_cleanup_free_ struct policy_set *set = NULL;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
	set = good(text);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	assert_int_equal(set->policies, 1000);
	/* CPU time, so that a loaded machine changes nothing; 0.02 s, sanitizers 0.2 s */
	assert_true((double)(ended.tv_sec - began.tv_sec) +
			    (double)(ended.tv_nsec - began.tv_nsec) / 1e9 <
		    1);
}

static void test_bounds(void **state)
{
	static const struct {
		const char *head, *row;
		unsigned int most;
		const char *tail, *line;
	} rows[] = {
		{"policies:\n", POLICY_ROW, POLICY_MOST, "",
		 "4098:3: one more policy: expected at most 4096"},
		{"protect:\n", "- name:a#\n", POLICY_PARSE_PROTECTS, "",
		 "258:3: name:a256: protect: too many entries; expected at most 256"},
		{"protect:\n", "- label.k#:a\n", POLICY_LABELS, "",
		 "34:3: label.k32:a: too many labels; expected at most 32 different keys"},
		{"control: {allow: [", "user:#, ", CONFIG_ALLOW, "]}\n",
		 "1:153: user:16: allow: too many entries; expected at most 16"},
		{"export: ", "[", TREE_DEPTH - 1, "x", NULL},
		{"export: [", "&a# x, ", TREE_ANCHORS, "]",
		 "1:2204: one more anchor: expected at most 256"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *most = repeat(rows[i].head, rows[i].row, rows[i].most,
						   rows[i].tail),
				    *more = repeat(rows[i].head, rows[i].row, rows[i].most + 1,
						   rows[i].tail);
		_cleanup_free_ struct policy_set *set = NULL;

		if (!rows[i].line) {
			assert_int_equal(load(most, &set), -EINVAL);
			assert_null(strstr(error, "too deeply"));
			assert_int_equal(load(more, &set), -EINVAL);
			assert_non_null(
				strstr(error, "nested too deeply: expected at most 32 levels"));
			continue;
		}
		if (load(most, &set)) /* what export holds is no list of words */
			assert_non_null(strstr(error, "export: expected a mapping"));
		refused(more, strlen(more), rows[i].line);
	}
}

/* A billion laughs; and one made of real keys. */
static void test_bombs(void **state)
{
	static const char laughs[] = "a: &a [x, x, x, x, x, x, x, x, x]\n"
				     "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, "
				     "*b, *b, *b, *b, *b, *b, *b]\n"
				     "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, "
				     "*d, *d, *d, *d, *d, *d, *d]\n"
				     "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, "
				     "*f, *f, *f, *f, *f, *f, *f]\n";
	_cleanup_free_ char *wide = repeat("export:\n", "- [a, b, c, d, e, f, g]\n", 60000, "");

	refused(laughs, strlen(laughs),
		"6:4: with its aliases written out this is too much: expected a configuration");
	refused(wide, strlen(wide), "50001:16: too much: expected a configuration");
}

/* The runtimes that a rule may name are those that the board knows. */
static void test_runtimes(void **state)
{
	char text[128];

	for (unsigned int i = 0; hr_runtime_name(i); i++) {
		snprintf(text, sizeof(text),
			 "policies:\n- {name: a, match: {runtime: %s}, when: {usage: 90%%}, "
			 "actions: "
			 "[kill]}\n",
			 hr_runtime_name(i));
		free(good(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_not_only_protected),
		cmocka_unit_test(test_covers),   cmocka_unit_test(test_a_thousand),
		cmocka_unit_test(test_bounds),   cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_runtimes),
	};

	return cmocka_run_group_tests(tests, make_path, drop_path);
}
