// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Valid configurations, damaged at random. The result is either a sound block that can
 * be told in words, or one clean line with its place. The same on every run; HEADROOM_FUZZ=ROUNDS goes on for as long as one
 * likes (20,000 a second; beside the sanitizers 1,500), HEADROOM_FUZZ_SEED elsewhere. Not here: a failure's text is printed.
 */
#include <ctype.h>
#include <errno.h>
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

#define ROUNDS 1500
#define MOST   8192 /* bytes of one text */
#define SEEDS  64

static char path[] = "/tmp/headroom-test-XXXXXX";
static char *seed[SEEDS];
static size_t seeds;
static uint64_t chance = 0x9e3779b97f4a7c15ULL;

/* xorshift64* (Vigna 2016) */
static uint32_t dice(uint32_t sides)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (uint32_t)((chance * 0x2545f4914f6cdd1dULL) >> 32) % sides;
}

static void seed_add(const char *text)
{
	if (seeds < SEEDS && (seed[seeds] = strdup(text)))
		seeds++;
}

/* What the page for people shows. */
static int make_seeds(void **state)
{
	_cleanup_fclose_ FILE *file = fopen("docs/reference/policies.md", "r");
	char line[512], block[MOST / 2] = "";
	bool in = false;
	int fd = mkstemp(path);

	(void)state;
	if (!file || fd < 0)
		return -1;
	close(fd);
	while (fgets(line, sizeof(line), file)) {
		if (in && !strncmp(line, "```", 3)) {
			in = false;
			seed_add(block);
		} else if (in) {
			strncat(block, line, sizeof(block) - strlen(block) - 1);
		} else if (!strncmp(line, "```yaml", 7)) {
			in = true;
			*block = 0;
		}
	}
	seed_add(
		"mode: dry-run\ninterval: 500ms\nrate_limit: {kills: 0, per: 1h}\ncontrol: {allow: "
		"[user:root, 'group:7']}\n"
		"protect: [unit:a.service, 'label.tier:gold', cgroup:/x/*]\nexport: {prometheus: "
		"{listen: 127.0.0.1:9477}}\n");
	seed_add("policies:\n- {name: a, match: &m {name: [web-*, \"x\\ty\"]}, when: {usage: "
		 "99.5%, for: 1m30s}, actions: &d [notify,"
		 " {reclaim: 10%}, {term: {signal: USR1, grace: 5s}}, {kill: largest}]}\n- {name: "
		 "b, match: *m, when: {risk: 80},"
		 " actions: *d, on_exit: {run: [x, '{name}']}, cooldown: 0s, priority: -3}\n");
	return seeds > 5 ? 0 : -1;
}

static int drop_seeds(void **state)
{
	(void)state;
	while (seeds)
		free(seed[--seeds]);
	return unlink(path);
}

static const char *const words[] = {
	"{",
	"}",
	"[",
	"]",
	": ",
	"- ",
	",",
	"#",
	"&a ",
	"*a",
	"!!int ",
	"|\n",
	">-\n",
	"\"",
	"'",
	"\n",
	"\r\n",
	"\t",
	"  ",
	"%",
	"---\n",
	"...\n",
	"? ",
	"<<: *m",
	"\xef\xbb\xbf",
	"\xff\xfe",
	"\xc3\x28",
	"\xe2\x80\xae",
	"\xc2\x85",
	"\x1b[2J",
	"0",
	"-1",
	"1e9",
	"0x10",
	"18446744073709551616",
	"99999999999999999999999TiB",
	"1.5",
	".inf",
	"~",
	"null",
	"true",
	"NaN",
	"300MB",
	"90%",
	"30s",
	"0s",
	"usage",
	"rss",
	"for",
	"do",
	"when",
	"kill",
	"reflex",
	"term",
	"throttle",
	"match",
	"policies:\n",
	"protect:\n",
	"name: x",
	"host_available: 5%",
	"scope: host_processes",
	"process: x",
	"mode: enforce\n",
	"*",
	"[!",
	"\\",
	"{name}",
	"label.a: b",
};

static void cut(char *text, size_t *bytes, size_t at, size_t n)
{
	n = n > *bytes - at ? *bytes - at : n;
	memmove(text + at, text + at + n, *bytes - at - n);
	*bytes -= n;
}

static void put(char *text, size_t *bytes, size_t at, const char *what, size_t n)
{
	n = n > MOST - *bytes ? MOST - *bytes : n;
	memmove(text + at + n, text + at, *bytes - at);
	memcpy(text + at, what, n);
	*bytes += n;
}

static void damage(char *text, size_t *bytes)
{
	size_t at = *bytes ? dice((uint32_t)*bytes) : 0;
	char piece[256], byte = (char)dice(256);
	const char *word = words[dice(ARRAY_SIZE(words))], *other = seed[dice((uint32_t)seeds)];

	switch (dice(8)) {
	case 0:
		cut(text, bytes, at, 1 + dice(8));
		break;
	case 1:
		put(text, bytes, at, &byte, 1);
		break;
	case 2: /* one line of another text, or of this one again */
		at = dice((uint32_t)strlen(other));
		put(text, bytes, *bytes ? dice((uint32_t)*bytes) : 0, other + at,
		    strcspn(other + at, "\n") + 1);
		break;
	case 3: /* a word for a word */
		while (at < *bytes && !isalnum((unsigned char)text[at]))
			at++;
		while (at < *bytes && isalnum((unsigned char)text[at]))
			cut(text, bytes, at, 1);
		put(text, bytes, at, word, strlen(word));
		break;
	case 4: /* many of it */
		memset(piece, byte, sizeof(piece));
		put(text, bytes, at, piece, 1 + dice(sizeof(piece)));
		break;
	case 5:
		if (*bytes)
			text[at] = (char)(text[at] ^ (1 << dice(8)));
		break;
	case 6: /* the same line twice */
		other = memchr(text + at, '\n', *bytes - at);
		if (other && other - text - (ptrdiff_t)at < (ptrdiff_t)sizeof(piece)) {
			size_t n = (size_t)(other - text) - at + 1;

			memcpy(piece, text + at, n < sizeof(piece) ? n : sizeof(piece));
			put(text, bytes, at, piece, n < sizeof(piece) ? n : sizeof(piece));
		}
		break;
	default:
		put(text, bytes, at, word, strlen(word));
	}
}

static void say(uint32_t line, const char *text, void *arg)
{
	(void)line, (void)arg;
	assert_true(*text);
}

static void emitted_in_words(const struct policy_set *set)
{
	static char text[POLICY_DESCRIPTION];

	assert_int_equal(policy_set_verify(set, set->bytes), 0);
	for (uint32_t i = 0; i < set->policies; i++)
		assert_true(*policy_description(set, policy_at(set, i), text));
	policy_rate_limit(set, text);
	policy_warnings(set, say, NULL);
}

/* FILE:LINE:COLUMN: what was found: what was expected. One line, nothing that a terminal would obey. */
static const char *wrong(const char *line)
{
	unsigned int row, column;
	int n = 0;

	for (const char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return "a control character";
	if (strlen(line) >= CONFIG_ERROR - 1)
		return "cut off";
	if (strncmp(line, path, strlen(path)))
		return "without its file";
	if (sscanf(line + strlen(path), ":%u:%u: %n", &row, &column, &n) < 2 || !n || !row ||
	    !column)
		return "without its place";
	return line[strlen(path) + (size_t)n] ? NULL : "without a word";
}

static void one(const char *text, size_t bytes)
{
	_cleanup_free_ struct policy_set *set = NULL;
	char error[CONFIG_ERROR] = "";
	struct config config;
	FILE *file = fopen(path, "w");
	const char *what;
	int r;

	assert_non_null(file);
	fwrite(text, 1, bytes, file);
	fclose(file);
	config_init(&config);
	r = config_load(path, &config, &set, error);
	if (!r) {
		emitted_in_words(set);
		return;
	}
	what = r != -EINVAL ? "another error" : set ? "a block all the same" : wrong(error);
	if (what)
		fail_msg("%s (%d): %s\n---- of\n%.*s\n----", what, r, error, (int)bytes, text);
}

static void test_damaged(void **state)
{
	const char *rounds = getenv("HEADROOM_FUZZ"), *where = getenv("HEADROOM_FUZZ_SEED");
	unsigned long most = rounds ? strtoul(rounds, NULL, 10) : ROUNDS;
	static char text[MOST];

	(void)state;
	if (where)
		chance ^= strtoull(where, NULL, 10) * 0x2545f4914f6cdd1dULL;
	for (unsigned long i = 0; i < most; i++) {
		const char *from = seed[dice((uint32_t)seeds)];
		size_t bytes = strlen(from);

		memcpy(text, from, bytes);
		for (uint32_t n = 1 + dice(6); n; n--)
			damage(text, &bytes);
		one(text, bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, make_seeds, drop_seeds);
}
