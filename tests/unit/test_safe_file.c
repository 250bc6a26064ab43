// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Links on the way to a file that is written, and in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/safe_file.h"
#include "skip.h"

static char dir[] = "/tmp/test_safe_file.XXXXXX";

static int set_up(void **state) { return mkdtemp(dir) && !chdir(dir) ? 0 : -1; }

static int tear_down(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return chdir("/") || system(command);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_text(const char *path, const char *text)
{
	char read[64] = "";
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_true(fgets(read, sizeof(read), f) || !*text);
	fclose(f);
	assert_string_equal(read, text);
}

static int save(const char *path, const char *text)
{
	struct safe_file f;
	int r = safe_file_begin(path, 0644, &f);

	if (r)
		return r;
	dprintf(f.fd, "%s", text);
	return safe_file_commit(&f);
}

/* The victim of a planted link stays as it was. */
static void test_planted(void **state)
{
	write_text("victim", "whole");
	assert_int_equal(symlink("victim", "out"), 0);
	assert_int_equal(symlink("victim", "out.new"), 0);
	assert_int_equal(save("out", "report"), 0);
	assert_text("victim", "whole");
	assert_text("out", "report");

	assert_int_equal(symlink("victim", "log"), 0);
	assert_int_equal(safe_open("log", O_WRONLY | O_CREAT | O_APPEND, 0640), -ELOOP);
	assert_int_equal(symlink("missing", "dangling"), 0);
	assert_int_equal(safe_open("dangling", O_WRONLY | O_CREAT, 0640), -ELOOP);
	assert_int_equal(access("missing", F_OK), -1);
	assert_int_equal(link("victim", "second"), 0);
	assert_int_equal(safe_open("second", O_WRONLY | O_CREAT, 0640), -EPERM);
	assert_int_equal(save("sub/", "x"), -EINVAL);
	assert_int_equal(save("..", "x"), -EINVAL);
	assert_int_equal(save("none/x", "x"), -ENOENT);
	assert_int_equal(save("victim/x", "x"), -ENOTDIR);
}

/* Links in the directories: the caller's and root's are followed, another user's are not. */
static void test_directories(void **state)
{
	char path[128];

	assert_int_equal(mkdir("real", 0755), 0);
	assert_int_equal(symlink("real", "link"), 0);
	assert_int_equal(save("link/a", "1"), 0);
	assert_text("real/a", "1");
	snprintf(path, sizeof(path), "%s/real/../link//b", dir);
	assert_int_equal(save(path, "2"), 0);
	assert_text("real/b", "2");
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink(path, "absolute"), 0);
	assert_int_equal(save("./absolute/c", "3"), 0);
	assert_text("real/c", "3");
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(save("loop/d", "4"), -ELOOP);
	if (geteuid())
		SKIP("another user's links need root");
	assert_int_equal(lchown("link", 12345, 12345), 0);
	assert_int_equal(save("link/e", "5"), -ELOOP);
	assert_int_equal(save("absolute/e", "5"), -ELOOP);
	assert_int_equal(access("real/e", F_OK), -1);
	write_text("real/foreign", "");
	assert_int_equal(chown("real/foreign", 12345, 12345), 0);
	assert_int_equal(safe_open("real/foreign", O_WRONLY | O_CREAT, 0640), -EPERM);
	assert_int_equal(chown("real", 12345, 12345), 0);
	assert_true(close(safe_open("real/foreign", O_WRONLY | O_CREAT, 0640)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted),
		cmocka_unit_test(test_directories),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
