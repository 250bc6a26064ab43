// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Where the hierarchies are: recorded hosts, and made-up mountinfo for containers, bind mounts
 * and escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "fixture_tree.h"
#include "cgroup/cgroupfs.h"
#include "skip.h"

#define FIXTURES "tests/fixtures/"
#define HOST_NS  "cgroup:[4026531835]"

static void test_recorded(void **state)
{
	static const struct {
		const char *root;
		enum cgroup_layout layout;
		const char *memory, *unified, *freezer;
	} cases[] = {
		{FIXTURES "cgroup-v1", CGROUP_V1, "/sys/fs/cgroup/memory", NULL,
		 "/sys/fs/cgroup/freezer"},
		{FIXTURES "cgroup-hybrid", CGROUP_HYBRID, "/sys/fs/cgroup/memory",
		 "/sys/fs/cgroup/unified", "/sys/fs/cgroup/freezer"},
		{FIXTURES "cgroup-v2/5.10", CGROUP_V2, "/sys/fs/cgroup", "/sys/fs/cgroup",
		 "/sys/fs/cgroup"},
		{FIXTURES "cgroup-v2/6.12/", CGROUP_V2, "/sys/fs/cgroup", "/sys/fs/cgroup",
		 "/sys/fs/cgroup"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *wanted[] = {cases[i].memory, cases[i].unified, cases[i].freezer};
		struct cgroupfs fs;
		const char *got[] = {fs.memory, fs.unified, fs.freezer};
		size_t n =
			strlen(cases[i].root) - (cases[i].root[strlen(cases[i].root) - 1] == '/');

		print_message("%s\n", cases[i].root);
		assert_int_equal(cgroupfs_find(cases[i].root, &fs), 0);
		assert_int_equal(fs.layout, cases[i].layout);
		for (size_t k = 0; k < ARRAY_SIZE(wanted); k++) {
			if (!wanted[k]) {
				assert_string_equal(got[k], "");
				continue;
			}
			assert_memory_equal(got[k], cases[i].root, n);
			assert_string_equal(got[k] + n, wanted[k]);
		}
		assert_string_equal(fs.base, "");
		assert_true(fs.controller && fs.delegated);
		assert_false(fs.private_ns || fs.partial || fs.read_only);
	}
}

struct expect {
	int result;
	enum cgroup_layout layout;
	const char *memory; /* below the tree's root */
	const char *base;
	bool private_ns, partial, read_only, controller, delegated;
};

static const struct {
	const char *name;
	const char *mountinfo; /* of ROOT/proc/self */
	const char *ns;        /* NULL: no such link */
	const char *files;     /* "PATH=TEXT;PATH=TEXT"; made below the root */
	struct expect expect;
} cases[] = {
	{"nothing mounted",
	 "22 27 0:21 / /proc rw - proc proc rw\n",
	 HOST_NS,
	 "a=",
	 {.result = -ENOENT}},
	{"empty", "", HOST_NS, "a=", {.result = -ENOENT}},
	{"garbage lines are skipped",
	 "x\n\n1 2 3\n1 2 0:3 / /cg rw\n1 2 0:3 / /cg rw - cgroup2\n1 2 0:3 / /cg rw - cgroup2 "
	 "none rw\n",
	 HOST_NS,
	 "cg/cgroup.controllers=cpu memory\n;cg/cgroup.subtree_control=memory\n",
	 {0, CGROUP_V2, "/cg", "", .controller = true, .delegated = true}},
	{"memory not enabled below the root",
	 "1 2 0:3 / /cg rw shared:5 master:3 - cgroup2 none rw,nsdelegate\n",
	 HOST_NS,
	 "cg/cgroup.controllers=cpu memory\n;cg/cgroup.subtree_control=cpu memoryless\n",
	 {0, CGROUP_V2, "/cg", "", .controller = true}},
	{"no memory controller at all",
	 "1 2 0:3 / /cg rw - cgroup2 none rw\n",
	 HOST_NS,
	 "cg/cgroup.controllers=cpu io\n;cg/cgroup.subtree_control=\n",
	 {0, CGROUP_V2, "/cg", "", .controller = false}},
	{"escapes",
	 "1 2 0:3 / /c\\040g\\134\\011\\012x rw - cgroup2 none rw\n",
	 HOST_NS,
	 "c g\\\t\nx/cgroup.controllers=memory\n;c g\\\t\nx/cgroup.subtree_control=memory\n",
	 {0, CGROUP_V2, "/c g\\\t\nx", "", .controller = true, .delegated = true}},
	{"controllers together, a name that only begins like memory",
	 "1 2 0:3 / /a rw - cgroup cgroup rw,memory2,name=memory\n1 2 0:4 / /b rw - cgroup cgroup "
	 "rw,cpu,memory\n",
	 HOST_NS,
	 "a/release_agent=;b/release_agent=",
	 {0, CGROUP_V1, "/b", "", .controller = true, .delegated = true}},
	{"read-only mount",
	 "1 2 0:3 / /a ro,nosuid - cgroup cgroup rw,memory\n",
	 HOST_NS,
	 "a/release_agent=",
	 {0, CGROUP_V1, "/a", "", .read_only = true, .controller = true, .delegated = true}},
	{"read-only file system",
	 "1 2 0:3 / /a rw - cgroup cgroup ro,memory\n",
	 HOST_NS,
	 "a/release_agent=",
	 {0, CGROUP_V1, "/a", "", .read_only = true, .controller = true, .delegated = true}},
	{"the whole before a part, whatever comes first",
	 "1 2 0:3 /docker/x /part rw - cgroup cgroup rw,memory\n1 2 0:3 / /whole ro - cgroup "
	 "cgroup rw,memory\n"
	 "1 2 0:3 /docker /part2 rw - cgroup cgroup rw,memory\n",
	 HOST_NS,
	 "part/a=;whole/release_agent=;part2/a=",
	 {0, CGROUP_V1, "/whole", "", .read_only = true, .controller = true, .delegated = true}},
	{"the writable one of two",
	 "1 2 0:3 / /ro ro - cgroup cgroup rw,memory\n1 2 0:3 / /rw rw - cgroup cgroup rw,memory\n",
	 HOST_NS,
	 "ro/release_agent=;rw/release_agent=",
	 {0, CGROUP_V1, "/rw", "", .controller = true, .delegated = true}},
	{"what is mounted over wins",
	 "1 2 0:3 / /a rw - cgroup cgroup rw,memory\n1 2 0:3 /docker/x /a rw - cgroup cgroup "
	 "rw,memory\n",
	 HOST_NS,
	 "a/b=",
	 {0, CGROUP_V1, "/a", "/docker/x", .partial = true, .controller = true, .delegated = true}},
	{"a mount point that is not there is no mount",
	 "1 2 0:3 / /gone rw - cgroup cgroup rw,memory\n1 2 0:3 / /u rw - cgroup2 none rw\n",
	 HOST_NS,
	 "u/cgroup.controllers=memory\n",
	 {0, CGROUP_V2, "/u", "", .controller = true}},
	{"v1 in a container without a namespace: its own group is mounted",
	 "1 2 0:3 /docker/abc /m ro - cgroup cgroup rw,memory\n",
	 HOST_NS,
	 "m/tasks=",
	 {0, CGROUP_V1, "/m", "/docker/abc", .partial = true, .read_only = true, .controller = true,
	  .delegated = true}},
	{"v2 in a container with a namespace: looks like a root, is none",
	 "1 2 0:3 / /cg ro - cgroup2 none rw\n",
	 "cgroup:[4026532280]",
	 "cg/cgroup.type=domain\n;cg/cgroup.controllers=memory\n;cg/cgroup.subtree_control=\n",
	 {0, CGROUP_V2, "/cg", "", .private_ns = true, .partial = true, .read_only = true,
	  .controller = true}},
	{"in a namespace, but the host's tree is mounted",
	 "1 2 0:3 / /own rw - cgroup2 none rw\n1 2 0:3 /../.. /all rw - cgroup2 none rw\n1 2 0:3 "
	 "/.. /some rw - cgroup2 none rw\n",
	 "cgroup:[4026532280]",
	 "own/cgroup.type=domain\n;some/cgroup.type=domain\n;all/cgroup.controllers=memory\n;"
	 "all/cgroup.subtree_control=memory\n",
	 {0, CGROUP_V2, "/all", "", .private_ns = true, .controller = true, .delegated = true}},
	{"no namespace link: mountinfo's dots tell",
	 "1 2 0:3 /.. /all rw - cgroup2 none rw\n",
	 NULL,
	 "all/cgroup.controllers=memory\n",
	 {0, CGROUP_V2, "/all", "", .private_ns = true, .controller = true}},
	{"no namespace link, no dots",
	 "1 2 0:3 / /all rw - cgroup2 none rw\n",
	 NULL,
	 "all/cgroup.controllers=memory\n",
	 {0, CGROUP_V2, "/all", "", .controller = true}},
};

static void put_files(const struct tree *tree, const char *files)
{
	_cleanup_free_ char *list = strdup(files);
	char *save = NULL;

	for (char *word = strtok_r(list, ";", &save); word; word = strtok_r(NULL, ";", &save)) {
		char *text = strchr(word, '=');

		*text++ = '\0';
		tree_put(tree, word, text);
	}
}

static void check(const struct tree *tree, const char *name, const struct expect *e)
{
	struct cgroupfs fs;
	size_t n = strlen(tree->root);

	print_message("%s\n", name);
	memset(&fs, 0x55, sizeof(fs));
	assert_int_equal(cgroupfs_find(tree->root, &fs), e->result);
	if (e->result) {
		assert_int_equal(((unsigned char *)&fs)[0], 0x55); /* untouched */
		return;
	}
	assert_int_equal(fs.layout, e->layout);
	assert_memory_equal(fs.memory, tree->root, n);
	assert_string_equal(fs.memory + n, e->memory);
	assert_string_equal(fs.base, e->base);
	assert_int_equal(fs.private_ns, e->private_ns);
	assert_int_equal(fs.partial, e->partial);
	assert_int_equal(fs.read_only, e->read_only);
	assert_int_equal(fs.controller, e->controller);
	assert_int_equal(fs.delegated, e->delegated);
}

static void test_mountinfo(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[TREE_PATH];
		struct tree tree;

		tree_new(&tree);
		tree_put(&tree, "proc/self/mountinfo", cases[i].mountinfo);
		tree_mkdir(&tree, "proc/self/ns");
		if (cases[i].ns)
			assert_int_equal(
				symlink(cases[i].ns, tree_path(&tree, "proc/self/ns/cgroup", path)),
				0);
		put_files(&tree, cases[i].files);
		check(&tree, cases[i].name, &cases[i].expect);
		tree_done(&tree);
	}
}

/* A guard in a container with the host below /host: its own mountinfo counts where it shows
 * something there, init's where it does not; the container's own mounts elsewhere never. */
static void test_owner_mountinfo(void **state)
{
	static const struct expect whole = {0, CGROUP_V2, "/cg", "", .controller = true},
				   none = {.result = -ENOENT};
	char text[512];
	struct tree tree;

	tree_new(&tree);
	check(&tree, "no mountinfo", &none);
	put_files(&tree, "cg/cgroup.controllers=memory\n;own/cgroup.controllers=\n");
	tree_put(&tree, "proc/1/mountinfo", "1 2 0:3 / /cg rw - cgroup2 none rw\n");
	check(&tree, "init's only", &whole);
	tree_put(&tree, "proc/self/mountinfo", "1 2 0:3 / /own rw - cgroup2 none rw\n");
	check(&tree, "init's before the container's", &whole);
	snprintf(text, sizeof(text),
		 "1 2 0:3 / /own rw - cgroup2 none rw\n1 2 0:3 / %s/cg rw - cgroup2 none rw\n"
		 "1 2 0:3 / %sx/cg rw - cgroup2 none rw\n",
		 tree.root, tree.root);
	tree_put(&tree, "proc/self/mountinfo", text);
	tree_put(&tree, "proc/1/mountinfo", "1 2 0:3 / /own rw - cgroup2 none rw\n");
	check(&tree, "what is below the root before all", &whole);
	tree_done(&tree);
}

static void test_this_host(void **state)
{
	struct cgroupfs fs;

	if (cgroupfs_find("", &fs) == -ENOENT)
		SKIP("no cgroup hierarchy here");
	assert_int_equal(access(fs.memory, R_OK), 0);
	assert_int_equal(cgroupfs_find(NULL, &fs), 0);
	assert_non_null(cgroupfs_layout_name(fs.layout));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_owner_mountinfo),
		cmocka_unit_test(test_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
