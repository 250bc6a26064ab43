// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Rights of processes from a made-up /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cli/process_rights.h"
#include "fixture_tree.h"

static struct tree tree;

static const struct process_rights *of(const struct process_rights *all, size_t n, uint32_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].pid == pid)
			return &all[i];
	return NULL;
}

static void test_find(void **state)
{
	struct process_rights found[PROCESS_RIGHTS_MOST];
	const struct process_rights *r;
	char path[TREE_PATH];
	size_t n;

	tree_put(&tree, "proc/12/status",
		 "Name:\theadroomd-main\nPid:\t12\nUid:\t0\t0\t0\t0\nCapPrm:\t000000c401a8402f\n"
		 "CapBnd:\t000000c401a8402f\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n");
	tree_put(&tree, "proc/13/status",
		 "Name:\theadroomd\nPid:\t13\nUid:\t1000\t1001\t1000\t1000\nCapPrm:\t0\nCapBnd:\t"
		 "000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
	tree_put(&tree, "proc/14/status", "Name:\tbash\nPid:\t14\n");
	tree_put(&tree, "proc/15/status", "Name:\theadroomd-mainx\nPid:\t15\n");
	tree_put(&tree, "proc/self/status", "Name:\theadroomd\nPid:\t99\n");
	n = process_rights_find(tree_path(&tree, "proc", path), found);
	assert_int_equal(n, 2);
	r = of(found, n, 12);
	assert_non_null(r);
	assert_string_equal(r->comm, "headroomd-main");
	assert_true(r->filter && r->no_new_privs && r->uid == 0);
	assert_true(r->permitted == 0xc401a8402f && r->bounding == 0xc401a8402f);
	r = of(found, n, 13);
	assert_non_null(r);
	assert_true(!r->filter && !r->no_new_privs && r->uid == 1001 && !r->permitted);
}

static void test_words(void **state)
{
	char text[512];

	assert_string_equal(process_rights_words(0, text, sizeof(text)), "none");
	assert_string_equal(process_rights_words(1 << 2 | 1 << 5, text, sizeof(text)),
			    "dac_read_search kill");
	assert_string_equal(process_rights_words(1ull << 39, text, sizeof(text)), "bpf");
	assert_string_equal(process_rights_words(0x1ffffffffff, text, sizeof(text)), "41");
}

static int setup(void **state)
{
	tree_new(&tree);
	return 0;
}
static int teardown(void **state)
{
	tree_done(&tree);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_find),
					   cmocka_unit_test(test_words)};

	return cmocka_run_group_tests(tests, setup, teardown);
}
