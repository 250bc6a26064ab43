// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The resolver as the guard sees it: two processes behind a socket, with no rights, that end
 * together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/own_uid.h"
#include "fixture_tree.h"
#include "identify/answer.h"
#include "skip.h"

#define FIXTURES "tests/fixtures/identity/"
#define FOUR(x)  x x x x
#define ID(two)  FOUR(two two two two two two two two)
#define WEB      "/docker/" ID("11")
#define WAIT_MS  20000

struct pair {
	pid_t opener, parser;
	int socket;
};

/* Beside the test in the same build, else in the plain one. */
static const char *program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;

	path[n < 0 ? 0 : n] = 0;
	for (int i = 0; i < 2 && (slash = strrchr(path, '/')); i++)
		*slash = 0;
	strcat(path, "/headroom-resolver");
	if (access(path, X_OK) < 0)
		strcpy(path, "build/headroom-resolver");
	return access(path, X_OK) < 0 ? NULL : path;
}

static pid_t child_of(pid_t parent)
{
	char path[64];
	pid_t child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	for (int i = 0; i < 2000 && child <= 0; i++) {
		_cleanup_fclose_ FILE *f = fopen(path, "re");

		if (!f || fscanf(f, "%d", &child) != 1)
			usleep(1000);
	}
	return child;
}

static void start(const char *root, struct pair *pair)
{
	int sockets[2];
	char fd[16];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
	pair->opener = fork();
	assert_true(pair->opener >= 0);
	if (pair->opener == 0) {
		fcntl(sockets[1], F_SETFD, 0);
		snprintf(fd, sizeof(fd), "%d", sockets[1]);
		execl(program(), "headroom-resolver", "--fd", fd, "--root", root, NULL);
		_exit(127);
	}
	close(sockets[1]);
	pair->socket = sockets[0];
}

static void send_question(const struct pair *pair, const struct resolve_question *question)
{
	assert_int_equal(send(pair->socket, question, sizeof(*question), MSG_NOSIGNAL),
			 sizeof(*question));
}

static void receive(const struct pair *pair, struct resolve_answer *ret_answer)
{
	struct pollfd fd = {.fd = pair->socket, .events = POLLIN};

	assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
	assert_int_equal(recv(pair->socket, ret_answer, sizeof(*ret_answer), 0),
			 sizeof(*ret_answer));
}

/* Both are gone. */
static void expect_end(const struct pair *pair)
{
	struct pollfd fd = {.fd = pair->socket, .events = 0};
	int status;

	assert_int_equal(waitpid(pair->opener, &status, 0), pair->opener);
	if (pair->parser) {
		assert_int_equal(poll(&fd, 1, WAIT_MS), 1); /* its end of the socket is closed */
		assert_true(fd.revents & POLLHUP);
	}
	close(pair->socket);
}

static const char *text_of(const struct resolve_answer *answer, struct hr_str str)
{
	return str.at ? (const char *)answer + str.at : "";
}

#define NEEDS_PROGRAM()                                         \
	do {                                                    \
		if (!program()) {                               \
			SKIP("headroom-resolver is not built"); \
		}                                               \
	} while (0)

static void test_questions(void **state)
{
	struct resolve_question question = {.ask = RESOLVE_CGROUP, .cgroup_id = 9, .path = WEB};
	struct resolve_answer answer;
	struct pair pair = {0};

	NEEDS_PROGRAM();
	start(FIXTURES "docker/root", &pair);
	for (uint64_t tag = 1; tag <= 8; tag++) {
		question.tag = tag;
		send_question(&pair, &question);
	}
	for (uint64_t tag = 1; tag <= 8; tag++) {
		receive(&pair, &answer);
		assert_int_equal(answer.tag, tag);
		assert_int_equal(answer.error, 0);
		assert_string_equal(text_of(&answer, answer.id.name), "web-1");
	}
	question = (struct resolve_question){.ask = 99, .tag = 5};
	send_question(&pair, &question);
	receive(&pair, &answer);
	assert_int_equal(answer.error, -EINVAL);
	shutdown(pair.socket, SHUT_WR);
	expect_end(&pair);
}

/* A field of /proc/PID/status in base 16 or 10. */
static unsigned long long status_of(pid_t pid, const char *key, int base)
{
	char path[64], line[256];
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			return strtoull(line + strlen(key), NULL, base);
	fail();
	return 0;
}

static void test_rights(void **state)
{
	struct resolve_question question = {.ask = RESOLVE_CGROUP, .path = WEB};
	struct resolve_answer answer;
	struct pair pair = {0};
	unsigned long long uid;

	NEEDS_PROGRAM();
	if (geteuid() != 0) {
		SKIP("needs root: there are no rights to give up");
	}
	start(FIXTURES "docker/root", &pair);
	send_question(&pair, &question);
	receive(&pair, &answer); /* now both are past their confinement */
	pair.parser = child_of(pair.opener);
	for (int i = 0; i < 2; i++) {
		pid_t pid = i ? pair.parser : pair.opener;

		/* a user of its own: the package's, or a number; never 65534 */
		uid = status_of(pid, "Uid:", 10);
		assert_true(uid && uid != 65534);
		assert_true(getpwnam(own_uids[OWN_UID_RESOLVER].name) ||
			    (uid >= own_uids[OWN_UID_RESOLVER].first &&
			     uid <= own_uids[OWN_UID_RESOLVER].last));
		assert_int_not_equal(status_of(pid, "Gid:", 10), 65534);
		assert_int_equal(status_of(pid, "CapEff:", 16),
				 i ? 0 : 1ULL << 2); /* CAP_DAC_READ_SEARCH */
		assert_int_equal(status_of(pid, "CapPrm:", 16), i ? 0 : 1ULL << 2);
		assert_int_equal(status_of(pid, "CapBnd:", 16), 0);
		assert_int_equal(status_of(pid, "NoNewPrivs:", 10), 1);
		if (!strstr(program(), "/san-"))
			assert_int_equal(status_of(pid, "Seccomp:", 10), 2);
	}
	shutdown(pair.socket, SHUT_RDWR);
	expect_end(&pair);
}

static void test_end_together(void **state)
{
	NEEDS_PROGRAM();
	for (int victim = 0; victim < 2; victim++) {
		struct resolve_question question = {.ask = RESOLVE_CGROUP, .path = WEB};
		struct resolve_answer answer;
		struct pair pair = {0};

		start(FIXTURES "docker/root", &pair);
		send_question(&pair, &question);
		receive(&pair, &answer);
		pair.parser = child_of(pair.opener);
		assert_true(pair.parser > 0);
		assert_int_equal(kill(victim ? pair.parser : pair.opener, SIGKILL), 0);
		expect_end(&pair);
	}
}

/* Whatever the daemon's side sends: an answer each, and no process ends. */
static void test_garbage(void **state)
{
	struct resolve_question question;
	struct resolve_answer answer;
	struct pair pair = {0};
	uint32_t x = 7;

	NEEDS_PROGRAM();
	start(FIXTURES "containerd/root", &pair);
	for (int round = 0; round < 500; round++) {
		for (size_t i = 0; i < sizeof(question); i++) {
			x = x * 1664525u + 1013904223u;
			((char *)&question)[i] =
				round % 3 ? (char)(x >> 24) : "/a1.-"[(x >> 24) % 5];
		}
		question.ask = (uint32_t)round % 5;
		question.cgroup_id = (uint64_t)round << 40;
		send_question(&pair, &question);
		receive(&pair, &answer);
		assert_true(answer.text_used <= RESOLVE_TEXT);
	}
	shutdown(pair.socket, SHUT_RDWR);
	expect_end(&pair);
}

static void answer_in(const char *root, const struct resolve_question *question,
		      struct resolve_answer *ret_answer)
{
	struct opener opener = {.socket = -1};

	assert_int_equal(state_dirs_open(root, &opener.dirs), 0);
	resolve_answer_question(&opener, question, ret_answer);
	state_dirs_close(opener.dirs);
}

static void test_process(void **state)
{
	/* process 76 of the fixture began 123456 ticks after boot */
	uint64_t tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	struct resolve_question question = {
		.ask = RESOLVE_PROCESS, .pid = 76, .start_boottime_ns = 123456 * tick + 5};
	struct resolve_answer answer;

	answer_in(FIXTURES "daemons/root", &question, &answer);
	assert_int_equal(answer.error, 0);
	assert_string_equal(text_of(&answer, answer.cmdline),
			    "/usr/bin/app --password=[redacted] \"two words\"");
	question.start_boottime_ns += 5 * tick; /* the pid was reused */
	answer_in(FIXTURES "daemons/root", &question, &answer);
	assert_int_equal(answer.error, -ESRCH);
	assert_string_equal(text_of(&answer, answer.cmdline), "");
	question.pid = 77;
	answer_in(FIXTURES "daemons/root", &question, &answer);
	assert_int_equal(answer.error, -ENOENT);
	/* arguments that came along are enough; the path too */
	question.args_bytes = sizeof("app\0--token\0abc");
	memcpy(question.args, "app\0--token\0abc", question.args_bytes);
	strcpy(question.path, "/docker/" ID("61"));
	answer_in(FIXTURES "daemons/root", &question, &answer);
	assert_int_equal(answer.error, 0);
	assert_string_equal(text_of(&answer, answer.cmdline), "app --token [redacted]");
	assert_string_equal(text_of(&answer, answer.id.name), "found");
	question.args_bytes = UINT32_MAX;
	answer_in(FIXTURES "daemons/root", &question, &answer);
	assert_int_equal(answer.error, 0);
}

static void test_start_ticks(void **state)
{
	uint64_t ticks = 0;

	assert_int_equal(process_start_ticks(
				 "1 (a) b) S 0 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 77 1", &ticks),
			 0);
	assert_int_equal(ticks, 77);
	assert_int_equal(process_start_ticks("1 (a) S 0 1", &ticks), -EBADMSG);
	assert_int_equal(process_start_ticks("", &ticks), -EBADMSG);
}

/* An id back to its path, on this machine's own hierarchy. */
static void test_find(void **state)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/memory"};
	struct resolve_question question = {.ask = RESOLVE_FIND};
	struct resolve_answer answer;
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(uint64_t)];
	} h = {.handle = {.handle_bytes = sizeof(uint64_t)}};
	const char *mount = NULL;
	int mount_id;

	for (size_t i = 0; i < ARRAY_SIZE(mounts) && !mount; i++) {
		struct statfs fs;

		if (!statfs(mounts[i], &fs) &&
		    (fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == CGROUP_SUPER_MAGIC))
			mount = mounts[i];
	}
	if (!mount || geteuid() != 0 ||
	    name_to_handle_at(AT_FDCWD, mount, &h.handle, &mount_id, 0) < 0) {
		SKIP("needs root and a cgroup mount");
	}
	memcpy(&question.cgroup_id, h.handle.f_handle, sizeof(uint64_t));
	answer_in("", &question, &answer);
	if (answer.error == -EPERM)
		SKIP("no CAP_DAC_READ_SEARCH in this container");
	assert_int_equal(answer.error, 0);
	assert_string_equal(text_of(&answer, answer.id.cgroup), "/");
	question.cgroup_id = UINT64_MAX - 5;
	answer_in("", &question, &answer);
	assert_int_equal(answer.error, -ENOENT);
	assert_int_equal(answer.complete, 1);
}

#define CONFIG "var/lib/docker/containers/" ID("11") "/config.v2.json"

/* `docker rename`: reported without a question, and the next answer has the new name. */
static void test_rename(void **state)
{
	struct resolve_question question = {
		.ask = RESOLVE_CGROUP, .cgroup_id = 9, .tag = 1, .path = WEB};
	struct resolve_answer answer;
	struct pair pair = {0};
	struct tree tree;

	NEEDS_PROGRAM();
	tree_new(&tree);
	tree_put(&tree, CONFIG, "{\"Name\":\"/web\",\"Config\":{\"Image\":\"i\"}}");
	usleep(30000); /* else it is read twice: test_state_watch.c */
	start(tree.root, &pair);
	send_question(&pair, &question);
	receive(&pair, &answer);
	assert_string_equal(text_of(&answer, answer.id.name), "web");
	assert_int_equal(answer.named, 1);
	tree_put(&tree, CONFIG, "{\"Name\":\"/web_old\",\"Config\":{\"Image\":\"i\"}}");
	receive(&pair, &answer);
	assert_int_equal(answer.ask, RESOLVE_CHANGED);
	assert_int_equal(answer.cgroup_id, 9);
	send_question(&pair, &question);
	receive(&pair, &answer);
	assert_int_equal(answer.ask, RESOLVE_CGROUP);
	assert_string_equal(text_of(&answer, answer.id.name), "web_old");
	shutdown(pair.socket, SHUT_WR);
	expect_end(&pair);
	tree_done(&tree);
}

static void test_kmsg_answer(void **state)
{
	struct kmsg_oom oom = {.pid = 5,
			       .uid = 7,
			       .constraint = 3,
			       .anon = 11,
			       .comm = "tail",
			       .limit_path = WEB,
			       .task_path = WEB};
	struct opener opener = {.socket = -1};
	struct resolve_answer answer;

	assert_int_equal(state_dirs_open(FIXTURES "docker/root", &opener.dirs), 0);
	resolve_answer_kmsg(&opener, &oom, &answer);
	state_dirs_close(opener.dirs);
	assert_int_equal(answer.ask, RESOLVE_KMSG_OOM);
	assert_int_equal(answer.pid, 5);
	assert_int_equal(answer.anon, 11);
	assert_string_equal(answer.comm, "tail");
	assert_string_equal(text_of(&answer, answer.limit_path), WEB);
	assert_int_equal(answer.limit_path.at, answer.task_path.at); /* stored once */
	assert_string_equal(text_of(&answer, answer.id.name), "web-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),    cmocka_unit_test(test_rights),
		cmocka_unit_test(test_end_together), cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_process),      cmocka_unit_test(test_start_ticks),
		cmocka_unit_test(test_find),         cmocka_unit_test(test_kmsg_answer),
		cmocka_unit_test(test_rename),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
