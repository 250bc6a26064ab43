// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The undo table against a tree of plain folders: what is taken back, what is left alone, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "cgroup/cgroup_dir.h"
#include "enforce/rollback.h"
#include "fixture_tree.h"

struct fixture {
	struct tree tree;
	char table[TREE_PATH];
	struct undo *undo;
};

static int set_up(void **state)
{
	static struct fixture f;

	tree_new(&f.tree);
	tree_path(&f.tree, "table", f.table);
	tree_put(&f.tree, "cg/box/memory.high", "20480\n");
	tree_put(&f.tree, "cg/box/cgroup.freeze", "1\n");
	tree_put(&f.tree, "v1/box/freezer.state", "FREEZING\n");
	assert_int_equal(undo_open(f.table, &f.undo), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	undo_close(f->undo);
	tree_done(&f->tree);
	return 0;
}

static uint64_t id_of(const struct fixture *f, const char *path)
{
	char full[TREE_PATH];
	_cleanup_close_ int fd = open(tree_path(&f->tree, path, full), O_RDONLY | O_DIRECTORY);
	uint64_t id = 0;

	assert_int_equal(cgroup_id(fd, "", &id), 0);
	return id;
}

static struct undo_entry entry_of(const struct fixture *f, const char *mount, enum undo_what what)
{
	struct undo_entry e = {.what = what, .was = HR_UNKNOWN, .ours = 20480, .path = "/box"};
	char full[TREE_PATH];

	snprintf(full, sizeof(full), "%s/box", mount);
	e.memcg_id = id_of(f, full);
	snprintf(e.hierarchy, sizeof(e.hierarchy), "%s/%s", f->tree.root, mount);
	return e;
}

/* What is in the file now: writing to a plain file leaves the rest of a longer text behind. */
static void expect_file(const struct fixture *f, const char *path, const char *begin)
{
	char full[TREE_PATH], text[64] = "";
	_cleanup_close_ int fd = open(tree_path(&f->tree, path, full), O_RDONLY);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_memory_equal(text, begin, strlen(begin));
}

static void test_taken_back(void **state)
{
	struct fixture *f = *state;
	struct undo_entry high = entry_of(f, "cg", UNDO_HIGH), v2 = entry_of(f, "cg", UNDO_FREEZE),
			  v1 = entry_of(f, "v1", UNDO_FREEZE);
	unsigned int a, b, c;

	assert_int_equal(undo_note(f->undo, &high, &a), 0);
	assert_int_equal(undo_note(f->undo, &v2, &b), 0);
	assert_int_equal(undo_note(f->undo, &v1, &c), 0);
	assert_true(a != b && b != c && a != c);
	assert_int_equal(undo_all(f->undo), 3);
	expect_file(f, "cg/box/memory.high", "max");
	expect_file(f, "cg/box/cgroup.freeze", "0");
	expect_file(f, "v1/box/freezer.state", "THAWED");
	assert_int_equal(undo_all(f->undo), 0);
	assert_int_equal(undo_one(f->undo, a), -ESTALE);
}

static void test_number_comes_back(void **state)
{
	struct fixture *f = *state;
	struct undo_entry high = entry_of(f, "cg", UNDO_HIGH);
	unsigned int index;

	high.was = 123456789;
	assert_int_equal(undo_note(f->undo, &high, &index), 0);
	assert_int_equal(undo_one(f->undo, index), 0);
	expect_file(f, "cg/box/memory.high", "123456789");
}

/* Each leaves the file as it was, and the entry is gone. */
static void test_left_alone(void **state)
{
	static const struct {
		const char *what, *path, *high;
		uint64_t id_plus;
		enum undo_what kind;
		int result;
	} cases[] = {
		{"another program changed it", "/box", "4096\n", 0, UNDO_HIGH, -ESTALE},
		{"another program lifted it", "/box", "max\n", 0, UNDO_HIGH, -ESTALE},
		{"another cgroup", "/box", "20480\n", 1, UNDO_HIGH, -ESTALE},
		{"gone", "/none", "20480\n", 0, UNDO_HIGH, -ENOENT},
		{"the root", "/", "20480\n", 0, UNDO_HIGH, -EINVAL},
		{"out of it", "/../cg/box", "20480\n", 0, UNDO_HIGH, -EINVAL},
		{"a dot", "/./box", "20480\n", 0, UNDO_HIGH, -EINVAL},
		{"a link", "/link", "20480\n", 0, UNDO_HIGH, -EINVAL},
		{"no such kind", "/box", "20480\n", 0, (enum undo_what)77, -EBADMSG},
		{"free", "/box", "20480\n", 0, UNDO_FREE, -EBADMSG},
	};
	struct fixture *f = *state;
	char full[TREE_PATH];

	assert_int_equal(symlink("box", tree_path(&f->tree, "cg/link", full)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct undo_entry e = entry_of(f, "cg", cases[i].kind);
		unsigned int index;

		print_message("%s\n", cases[i].what);
		tree_put(&f->tree, "cg/box/memory.high", cases[i].high);
		strcpy(e.path, cases[i].path);
		e.memcg_id += cases[i].id_plus;
		assert_int_equal(undo_note(f->undo, &e, &index), 0);
		assert_int_equal(undo_one(f->undo, index), cases[i].result);
		expect_file(f, "cg/box/memory.high", cases[i].high);
		assert_int_equal(undo_all(f->undo), 0);
	}
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	struct undo_entry e = entry_of(f, "cg", UNDO_HIGH);
	unsigned int index;

	for (unsigned int i = 0; i < UNDO_ENTRIES; i++)
		assert_int_equal(undo_note(f->undo, &e, &index), 0);
	index = 12345;
	assert_int_equal(undo_note(f->undo, &e, &index), -ENOSPC);
	assert_int_equal(index, 12345);
	undo_clear(f->undo, 7);
	assert_int_equal(undo_note(f->undo, &e, &index), 0);
	assert_int_equal(index, 7);
	/* the first takes it back, and for the others it is not ours any more */
	assert_int_equal(undo_all(f->undo), 1);
	undo_clear(f->undo, UNDO_ENTRIES + 5);
}

/* Two processes share it, as supervisor and daemon do; the one that writes is killed. */
static void test_survives(void **state)
{
	struct fixture *f = *state;
	struct undo_entry e = entry_of(f, "cg", UNDO_FREEZE);
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct undo *theirs;
		unsigned int index;

		if (undo_open(f->table, &theirs) || undo_note(theirs, &e, &index))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(undo_all(f->undo), 1);
	expect_file(f, "cg/box/cgroup.freeze", "0");
}

static void put_bytes(const char *path, const void *bytes, size_t n)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
}

static size_t table_size(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

/* Torn, cut, too long, of other bytes: an empty table of the right size. */
static void test_torn(void **state)
{
	struct fixture *f = *state;
	size_t whole = table_size(f->table);
	_cleanup_free_ char *garbage = malloc(whole + 100);
	const size_t sizes[] = {0, 1, 16, whole - 1, whole, whole + 100};
	struct undo *undo;

	memset(garbage, 0x5a, whole + 100);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char path[TREE_PATH];

		put_bytes(tree_path(&f->tree, "torn", path), garbage, sizes[i]);
		assert_int_equal(undo_open(path, &undo), 0);
		assert_int_equal(table_size(path), whole);
		assert_int_equal(undo_all(undo), 0);
		undo_close(undo);
	}
}

/* The right head, and then entries of 0x5a: no path ends, no state is known. */
static void test_hostile_entries(void **state)
{
	struct fixture *f = *state;
	size_t whole = table_size(f->table),
	       head = whole - UNDO_ENTRIES * sizeof(struct undo_entry);
	_cleanup_free_ char *bytes = malloc(whole);
	const uint32_t states[] = {0x5a5a5a5a, 1, 2};
	struct undo *undo;

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		_cleanup_close_ int fd = open(f->table, O_RDONLY);
		char path[TREE_PATH];
		unsigned int index;

		assert_int_equal(read(fd, bytes, whole), (ssize_t)whole);
		memset(bytes + head, 0x5a, whole - head);
		for (size_t k = 0; k < UNDO_ENTRIES; k++)
			memcpy(bytes + head + k * sizeof(struct undo_entry), &states[i], 4);
		put_bytes(tree_path(&f->tree, "hostile", path), bytes, whole);
		assert_int_equal(undo_open(path, &undo), 0);
		assert_int_equal(undo_all(undo), 0);
		/* and it can be used from then on */
		struct undo_entry e = entry_of(f, "cg", UNDO_HIGH);

		assert_int_equal(undo_note(undo, &e, &index), 0);
		undo_close(undo);
	}
}

static void test_not_ours(void **state)
{
	struct fixture *f = *state;
	struct undo *undo = (void *)1;
	char path[TREE_PATH], other[TREE_PATH];

	tree_path(&f->tree, "mine", path);
	put_bytes(path, "", 0);
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(undo_open(path, &undo), -EPERM);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(symlink(path, tree_path(&f->tree, "by-link", other)), 0);
	assert_int_equal(undo_open(other, &undo), -ELOOP);
	assert_int_equal(unlink(other), 0);
	if (!geteuid()) { /* only root can give files away */
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(undo_open(path, &undo), -EPERM);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(link(path, tree_path(&f->tree, "second", other)), 0);
	assert_int_equal(undo_open(path, &undo), -EPERM);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(undo_open(f->tree.root, &undo), -EISDIR);
	assert_int_equal(mkfifo(tree_path(&f->tree, "fifo", other), 0600), 0);
	assert_int_equal(undo_open(other, &undo), -EINVAL);
	assert_int_equal(undo_open("/nowhere/table", &undo), -ENOENT);
	assert_ptr_equal(undo, (void *)1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_taken_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_number_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_survives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_entries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_ours, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
