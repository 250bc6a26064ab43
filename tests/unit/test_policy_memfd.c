// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Policies handed over: sealed they are taken, and only then; what is not sound or could still change is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "policy/config.h"
#include "daemon/policy_memfd.h"

static void test_handed_over(void **state)
{
	struct policy_set *set = config_no_policies();
	struct rules rules;
	char byte = 1;
	int fd, copy;

	assert_non_null(set);
	set->generation = 41;
	assert_int_equal(rules_seal(set, &fd), 0);
	copy = dup(fd);
	assert_int_equal(write(fd, &byte, 1), -1); /* sealed */
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(rules_map(fd, &rules), 0);
	assert_int_equal(rules.set->generation, 41);
	assert_int_equal(rules.set->policies, 0);
	assert_true(rules_same_labels(rules.set, set));
	rules_done(&rules);
	assert_int_equal(rules.fd, -1);
	assert_null(rules.set);
	rules_done(&rules); /* again is free */
	close(copy);
	free(set);
}

static int memfd_of(const void *from, size_t bytes, bool seal)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, from, bytes), (ssize_t)bytes);
	if (seal)
		assert_int_equal(fcntl(fd, F_ADD_SEALS,
				       F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL),
				 0);
	return fd;
}

static void test_refused(void **state)
{
	struct policy_set *set = config_no_policies();
	struct rules rules = {.fd = -5};
	char small[8] = {0};

	assert_non_null(set);
	assert_int_equal(rules_map(-1, &rules), -EBADMSG);
	assert_int_equal(rules_map(memfd_of(set, set->bytes, false), &rules), -EBADMSG);
	assert_int_equal(rules_map(memfd_of(small, sizeof(small), true), &rules), -EBADMSG);
	assert_int_equal(rules_map(open("/dev/null", O_RDONLY | O_CLOEXEC), &rules), -EBADMSG);
	set->magic++;
	assert_int_equal(rules_map(memfd_of(set, set->bytes, true), &rules), -EBADMSG);
	set->magic--;
	set->policies = 7;
	assert_int_equal(rules_map(memfd_of(set, set->bytes, true), &rules), -EBADMSG);
	assert_int_equal(rules.fd, -5);
	free(set);
}

/* What the command line says about the mode holds for the rules; what can't be loaded changes nothing. */
static void test_load(void **state)
{
	char path[] = "/tmp/test_rules.XXXXXX", error[CONFIG_ERROR];
	struct config config;
	struct rules rules = {.fd = -1}, next = {.fd = -1};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(write(fd, "mode: dry-run\n", 14) == 14);
	config_init(&config);
	config.mode = MODE_ENFORCE;
	config.mode_given = true;
	assert_int_equal(rules_load(path, &config, &rules, error), 0);
	assert_int_equal(rules.set->mode, MODE_ENFORCE);
	assert_true(rules.set->generation > 0);
	assert_true(write(fd, "polices: []\n", 12) == 12);
	assert_int_equal(rules_load(path, &config, &next, error), -EINVAL);
	assert_non_null(strstr(error, ":2:1"));
	assert_int_equal(next.fd, -1);
	unlink(path);
	close(fd);
	assert_int_equal(rules_load(path, &config, &next, error), -ENOENT);
	assert_int_equal(rules_none(&config, &next), 0);
	assert_int_equal(next.set->mode, MODE_ENFORCE);
	assert_true(next.set->generation > rules.set->generation);
	rules_done(&rules);
	rules_done(&next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
