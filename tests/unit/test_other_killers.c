// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Other killers of a host: by name, and only where root made them so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/cleanup.h"
#include "collect/other_killers.h"
#include "fixture_tree.h"
#include "skip.h"

static struct tree tree;

static void process(const char *pid, const char *comm, const char *cgroup, uid_t uid)
{
	char path[64], full[TREE_PATH];

	snprintf(path, sizeof(path), "proc/%s/comm", pid);
	tree_put(&tree, path, comm);
	snprintf(path, sizeof(path), "proc/%s/cgroup", pid);
	tree_put(&tree, path, cgroup);
	snprintf(path, sizeof(path), "proc/%s", pid);
	assert_int_equal(chown(tree_path(&tree, path, full), uid, uid), 0);
}

static void test_find(void **state)
{
	char text[128];

	if (geteuid())
		SKIP("needs root");
	tree_new(&tree);
	tree_put(&tree, "proc/meminfo", "");
	process("1", "systemd\n", "0::/init.scope\n", 0);
	assert_int_equal(other_killers_find(tree.root, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	process("70", "earlyoom\n", "0::/user.slice/user-1000.slice/session-1.scope\n", 1000);
	process("71", "nohang-like\n", "0::/system.slice/x.service\n", 0);
	assert_int_equal(other_killers_find(tree.root, text, sizeof(text)), 0);
	process("80", "systemd-oomd\n", "0::/system.slice/systemd-oomd.service\n", 998);
	assert_int_equal(other_killers_find(tree.root, text, sizeof(text)), 1);
	assert_string_equal(text, "systemd-oomd (pid 80)");
	tree_remove(&tree, "proc/80");
	process("81", "earlyoom\n", "0::/\n", 0);
	assert_int_equal(other_killers_find(tree.root, text, sizeof(text)), 1);
	assert_string_equal(text, "earlyoom (pid 81)");
	process("82", "kubelet\n", "4:memory:/system.slice/kubelet.service\n", 0);
	assert_int_equal(other_killers_find(tree.root, text, sizeof(text)), 2);
	assert_int_equal(other_killers_find("/nonexistent", text, sizeof(text)), -ENOENT);
	tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
