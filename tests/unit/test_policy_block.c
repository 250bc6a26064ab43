// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The compiled block on its way to the guard: a damaged one is refused or harmless. And what it says to people. */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/config.h"
#include "base/cleanup.h"

static struct policy_set *policy_parse(const char *text)
{
	char path[] = "/tmp/headroom-test-XXXXXX", error[CONFIG_ERROR];
	struct policy_set *set = NULL;
	struct config config;
	int fd = mkstemp(path), err;

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	config_init(&config);
	err = config_load(path, &config, &set, error);
	unlink(path);
	if (err)
		fail_msg("refused: %s", error);
	return set;
}

static const char rules[] =
	"mode: enforce\n"
	"protect: [unit:sshd.service, 'label.tier:gold']\n"
	"policies:\n"
	"- name: kill-switch\n"
	"  match: {name: 'citizen-*'}\n"
	"  when: {usage: 300MiB, for: 30s}\n"
	"  actions: [notify, throttle, {term: 30s}, kill]\n"
	"  on_exit: {run: [docker, start, '{name}']}\n"
	"- name: host\n"
	"  when: {host_available: 5%}\n"
	"  actions: [notify, {reclaim: 10%}, {kill: largest}]\n"
	"- name: gold\n"
	"  match: {label.app: [a, b, 'c*'], cgroup: /x/*}\n"
	"  when: {usage: 99.5%, headroom: 1MiB, oom_in: 90s, risk: 80, leak: exhausting, growth: "
	"1GiB/h, some_avg10: 1.5,\n"
	"         full_avg10: 40, age: 1d}\n"
	"  actions: [{notify: {run: [logger, x]}}, reflex, {term: {signal: RTMIN+3}}]\n"
	"  cooldown: 0s\n"
	"  mode: dry-run\n"
	"- name: build\n"
	"  match: {process: 'cc1*', scope: host_processes}\n"
	"  when: {rss: 1GiB}\n"
	"  actions: [kill]\n"
	"  on_exit: {run: [logger, '{pid}']}\n"
	"  mode: observe\n";

/* Everything that act.c and the resolver may read of a block that passed. The sanitizers watch. */
static size_t read_all(const struct policy_set *set)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < set->policies; i++) {
		const struct policy *p = policy_at(set, i);
		char text[POLICY_DESCRIPTION];

		sum += strlen(policy_text(set, p->name)) + strlen(policy_text(set, p->description));
		for (uint32_t k = 0; k < p->matches; k++) {
			const struct policy_match *match = policy_match_at(set, p->first_match + k);

			for (uint32_t g = 0; g < match->n; g++)
				sum += strlen(policy_glob(set, match->first + g));
			sum += strlen(policy_text(set, match->label));
		}
		for (uint32_t k = 0; k < p->actions; k++)
			for (uint32_t w = 0; w < p->action[k].command.n; w++)
				sum += strlen(policy_text(set, p->action[k].command.word[w]));
		sum += strlen(policy_description(set, p, text));
	}
	for (uint32_t i = 0; i < set->protects; i++)
		sum += policy_match_at(set, set->protect_first + i)->n;
	for (uint32_t i = 0; policy_label(set, i); i++)
		sum++;
	return sum;
}

static void test_damage(void **state)
{
	static const uint8_t values[] = {0, 1, 2, 7, 8, 15, 16, 63, 64, 127, 128, 254, 255};
	_cleanup_free_ struct policy_set *set = policy_parse(rules);
	unsigned int passed = 0, refused = 0;
	size_t bytes = set->bytes;
	_cleanup_free_ uint8_t *copy = malloc(bytes);

	assert_int_equal(policy_set_verify(set, bytes), 0);
	assert_true(read_all(set) > 0);
	for (size_t at = 0; at < bytes; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			memcpy(copy, set, bytes);
			copy[at] = values[i];
			if (policy_set_verify(copy, bytes)) {
				refused++;
				continue;
			}
			read_all((struct policy_set *)copy);
			passed++;
		}
	}
	assert_true(passed > 100 && refused > 100);
}

static void test_cut_short(void **state)
{
	_cleanup_free_ struct policy_set *set = policy_parse(rules);

	for (size_t bytes = 0; bytes < set->bytes; bytes++) {
		_cleanup_free_ uint8_t *copy = malloc(bytes + 1);

		memcpy(copy, set, bytes);
		assert_int_equal(policy_set_verify(copy, bytes), -EBADMSG);
		if (bytes < sizeof(*set))
			continue;
		((struct policy_set *)copy)->bytes = bytes; /* it claims to be whole */
		assert_int_equal(policy_set_verify(copy, bytes), -EBADMSG);
	}
}

static void test_lies(void **state)
{
	_cleanup_free_ struct policy_set *set = policy_parse(rules);
	struct policy *p = (struct policy *)policy_at(set, 0);
	struct policy_match *m = (struct policy_match *)policy_match_at(set, p->first_match);
	struct {
		uint32_t *field, value;
	} rows[] = {
		{&set->policies, 5},
		{&set->policies, UINT32_MAX},
		{&set->policies_at, 4},
		{&set->policies_at, UINT32_MAX - 7},
		{&set->matches, 100000},
		{&set->matches_at, 0},
		{&set->globs, 1000000},
		{&set->text_bytes, UINT32_MAX},
		{&set->text_at, 0},
		{&set->protects, 100},
		{&set->protect_first, UINT32_MAX},
		{&set->mode, 3},
		{&p->name, 0},
		{&p->name, 8},
		{&p->name, UINT32_MAX},
		{&p->name, set->text_at + set->text_bytes},
		{&p->first_match, UINT32_MAX},
		{&p->matches, UINT32_MAX},
		{&p->actions, POLICY_ACTIONS + 1},
		{&p->action[0].kind, HR_ACTION_ON_EXIT},
		{&p->action[0].kind, 0},
		{&p->action[0].command.n, POLICY_ARGS + 1},
		{&p->on_exit.word[2], 1 << 20},
		{&p->conditions, 1 << CONDITIONS},
		{(uint32_t *)&p->threshold[CONDITION_LEAK].value, 4},
		{&p->mode, 7},
		{&p->threshold[CONDITION_USAGE].milli, 1001},
		{&m->key, POLICY_KEYS},
		{&m->label, p->name},
		{&m->n, UINT32_MAX},
		{&m->first, 1000},
		{(uint32_t *)&p->action[2].signal, 65},
		{(uint32_t *)&p->action[2].signal, (uint32_t)-1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t was = *rows[i].field;

		*rows[i].field = rows[i].value;
		if (policy_set_verify(set, set->bytes) != -EBADMSG)
			fail_msg("lie %zu is believed", i);
		*rows[i].field = was;
		assert_int_equal(policy_set_verify(set, set->bytes), 0);
	}
}

static void test_sentences(void **state)
{
	static const char *const said[] = {
		"A container or unit named citizen-* that uses at least 300 MiB (page cache "
		"included), for 30s: it is "
		"reported, then it is throttled at its current usage for 30s, then it gets SIGTERM "
		"and a grace period of 30s, then all of it is killed. When it has ended, `docker "
		"start {name}` runs as headroom-run. Cooldown: 5m.",
		"While the host has less than 5% of its memory available, the most likely culprit "
		"among all containers, units and process groups: it is reported, then the kernel "
		"reclaims 10% of its limit, then its largest process is killed. Cooldown: 5m.",
		"A cgroup with label app=a, b or c* and at /x/* that uses at least 99.5% of "
		"its limit (page cache included), has headroom below 1 MiB, is predicted to run "
		"out of memory within "
		"90s, has a risk of at least 80, has a leak that has almost exhausted its limit, "
		"grows by at least 1 GiB an hour, has some tasks stalled on memory at least 1.5% "
		"of the time, has all tasks stalled on memory at least 40% of the time and "
		"is at least 1d old: it is reported and `logger x` runs as headroom-run, then BPF "
		"kills it in the "
		"kernel at once, then it gets SIGRTMIN+3 and a grace period of 10s. (Dry run: "
		"logged only.)",
		"A process outside containers named cc1* that has at least 1 GiB "
		"resident: all of it is killed. When it has ended, `logger {pid}` runs as "
		"headroom-run. Cooldown: "
		"5m. "
		"(Mode observe: no action.)",
	};
	_cleanup_free_ struct policy_set *set = policy_parse(rules);
	char text[POLICY_DESCRIPTION];

	for (uint32_t i = 0; i < ARRAY_SIZE(said); i++)
		assert_string_equal(policy_description(set, policy_at(set, i), text), said[i]);
}

/* The longest policy that there can be is cut, not written past the end. */
static void test_long_sentence(void **state)
{
	char text[16384] = "policies:\n- name: a\n  match: {name: [", glob[256],
	     out[POLICY_DESCRIPTION];
	_cleanup_free_ struct policy_set *set = NULL;

	memset(glob, 'x', 255);
	glob[255] = 0;
	for (int i = 0; i < 40; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? ", " : "",
			 glob);
	strcat(text, "]}\n  when: {usage: 90%}\n  actions: [kill]\n");
	set = policy_parse(text);
	assert_int_equal(strlen(policy_description(set, policy_at(set, 0), out)),
			 POLICY_DESCRIPTION - 1);
}

static char warned[4096];

static void say(uint32_t line, const char *text, void *arg)
{
	size_t used = strlen(warned);

	snprintf(warned + used, sizeof(warned) - used, "%u: %s\n", line, text);
}

#define RULE(match, when, rest) \
	"policies:\n- {name: a, match: {" match "}, when: {" when "}, " rest "}\n"
#define ENFORCE "mode: enforce\n"
#define CACHE   "`usage` includes page cache, which the kernel drops before it kills; "

static void test_warnings(void **state)
{
	static const struct {
		const char *yaml, *warnings;
	} rows[] = {
		{ENFORCE RULE("name: x", "used: 90%", "actions: [kill]"), ""},
		{ENFORCE RULE("", "used: 90%", "actions: [kill]"),
		 "3: a: matches everything that is not protected\n"},
		{ENFORCE RULE("name: [x, '*']", "used: 90%", "actions: [kill]"),
		 "3: a: matches everything that is not protected\n"},
		{ENFORCE RULE("cgroup: /*", "used: 90%", "actions: [kill]"),
		 "3: a: matches everything that is not protected\n"},
		{ENFORCE RULE("name: '*', pod: x", "used: 90%", "actions: [kill]"), ""},
		{ENFORCE RULE("", "host_available: 5%", "actions: [kill]"),
		 "3: a: may select any target on this host that is not protected\n"},
		{ENFORCE RULE("name: x", "used: 90%", "actions: [kill], mode: observe"),
		 "3: a: mode observe: it takes no action\n"},
		{ENFORCE RULE("name: x", "oom_in: 60s, for: 1m", "actions: [kill]"),
		 "3: a: `for` is not shorter than `oom_in`: the OOM may come before the first "
		 "action\n"},
		{ENFORCE RULE("name: x", "oom_in: 60s, for: 59s", "actions: [kill]"), ""},
		{ENFORCE RULE("name: x", "oom_in: 60s", "actions: [kill]"),
		 "3: a: `oom_in` alone also holds for a container that has just started and fills "
		 "its memory; add `age`, `risk` or `for`\n"},
		{ENFORCE RULE("name: x", "oom_in: 60s, age: 1m", "actions: [kill]"), ""},
		{ENFORCE RULE("name: x", "oom_in: 60s", "actions: [notify]"), ""},
		{ENFORCE RULE("name: x", "used: 90%", "actions: [kill], cooldown: 0s"),
		 "3: a: cooldown 0s: only the rate limit bounds how often it ends the same "
		 "target\n"},
		{ENFORCE RULE("name: x", "used: 90%", "actions: [notify], cooldown: 0s"), ""},
		{ENFORCE RULE("", "host_available: 5%",
			      "actions: [{notify: {run: [logger, 'of {pod}']}}]"),
		 "3: a: may select any target on this host that is not protected\n"
		 "3: a: its commands use placeholders that only containers have: they do not run "
		 "for process groups outside containers\n"},
		{ENFORCE RULE("unit: [sshd.service, systemd-*.service]", "used: 90%",
			      "actions: [kill]"),
		 "3: a: the host's own units of that name are never targets; only a unit inside a "
		 "container is\n"},
		{ENFORCE RULE("unit: [sshd.service, x.service]", "used: 90%", "actions: [kill]"),
		 ""},
		{ENFORCE RULE("unit: sshd.service", "used: 90%", "actions: [notify]"), ""},
		{RULE("name: x", "used: 90%", "actions: [notify]"),
		 "0: mode observe: no policy takes an action; `mode: dry-run` logs actions, `mode: "
		 "enforce` takes them\n"},
		{ENFORCE "rate_limit: none\n" RULE("name: x", "used: 90%", "actions: [kill]"),
		 "0: rate_limit none: nothing bounds the number of kills\n"},
		{ENFORCE "rate_limit: {kills: 0}\n" RULE("name: x", "used: 90%", "actions: [kill]"),
		 "0: rate_limit of 0 kills: every term, kill and reflex is refused\n"},
		{ENFORCE
		 "rate_limit: {kills: 0}\n" RULE("name: x", "used: 90%", "actions: [notify]"),
		 ""},
		{ENFORCE RULE("name: x", "usage: 99.5%", "actions: [notify, {term: 5s}]"),
		 "3: a: " CACHE "write `used: 99.5%` instead\n"},
		{ENFORCE RULE("name: x", "usage: 1536MiB, for: 5s", "actions: [{kill: largest}]"),
		 "3: a: " CACHE "write `used: 1536MiB` instead\n"},
		{ENFORCE RULE("name: x", "usage: 2GiB, full_avg10: 10", "actions: [kill]"),
		 "3: a: " CACHE "write `used: 2GiB` instead\n"},
		{ENFORCE RULE("name: x", "usage: 95%", "actions: [reflex]"),
		 "3: a: " CACHE "add `used: 47%`: the reflex is then armed only while so much is "
		 "not cache\n"},
		{ENFORCE RULE("name: x", "usage: 300MiB", "actions: [reflex, kill]"),
		 "3: a: " CACHE
		 "add `used: 150MiB`: the reflex is then armed only while so much is "
		 "not cache\n"},
		{ENFORCE RULE("name: x", "usage: 95%, used: 50%", "actions: [reflex]"), ""},
		{ENFORCE RULE("name: x", "usage: 95%, headroom: 5%", "actions: [kill]"), ""},
		{ENFORCE RULE("name: x", "usage: 95%", "actions: [notify, throttle]"), ""},
		{ENFORCE RULE("name: x", "usage: 95%", "actions: [notify, {reclaim: 10%}]"), ""},
		{ENFORCE RULE("name: x", "used: 300MiB", "actions: [resize, kill]"),
		 "3: a: a higher limit does not end its conditions: the action after resize "
		 "follows after 3s; write a share, such as `used: 90%`, or `oom_in`\n"},
		{ENFORCE RULE("name: x", "used: 90%", "actions: [resize, kill]"), ""},
		{ENFORCE RULE("name: x", "oom_in: 60s, used: 1GiB", "actions: [resize, kill]"), ""},
		{ENFORCE, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ struct policy_set *set = policy_parse(rows[i].yaml);

		*warned = 0;
		policy_warnings(set, say, NULL);
		assert_string_equal(warned, rows[i].warnings);
	}
}

/* Each block of YAML on a page parses, and warns of nothing but a policy that may select any target, and of a reflex. */
static void check_page(const char *path, unsigned int least_blocks, unsigned int least_policies)
{
	_cleanup_fclose_ FILE *file = fopen(path, "r");
	char line[512], block[4096] = "";
	unsigned int blocks = 0, policies = 0;
	bool in = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (in && !strncmp(line, "```", 3)) {
			_cleanup_free_ struct policy_set *set = policy_parse(block);

			in = false;
			blocks++;
			policies += set->policies;
			*warned = 0;
			policy_warnings(set, say, NULL);
			/* A reflex is for what fills its limit in no time, from nothing. */
			assert_true(!*warned || strstr(warned, "may select any target") ||
				    strstr(warned, "the reflex is then armed only"));
		} else if (in) {
			strncat(block, line, sizeof(block) - strlen(block) - 1);
		} else if (!strncmp(line, "```yaml", 7)) {
			in = true;
			*block = 0;
		}
	}
	assert_true(blocks >= least_blocks && policies >= least_policies);
}

static void test_documented(void **state)
{
	check_page("docs/reference/policies.md", 8, 11);
	check_page("docs/how-to/policies.md", 10, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage),        cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_lies),          cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_long_sentence), cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
