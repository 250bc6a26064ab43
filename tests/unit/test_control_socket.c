// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The control socket: what is no request, a client without the right, one that floods, one that sends nothing; and a manual action in dry run. */
#include "fixture_daemon.h"
#include "skip.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define DRY       "mode: dry-run\n"
#define NO_TARGET 65534u

static int call(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s" HR_CONTROL_SUFFIX, fake_board);
	assert_int_equal(connect(fd, (void *)&at, sizeof(at)), 0);
	return fd;
}

static struct hr_control_request request(uint32_t word)
{
	return (struct hr_control_request){.magic = HR_CONTROL_MAGIC,
					   .word = word,
					   .cgroup_id = 77,
					   .kind = HR_ACTION_KILL,
					   .size = HR_UNKNOWN,
					   .for_ms = HR_UNKNOWN};
}

/* -1: hung up on; -2: no answer yet. */
static int receive(int fd, struct hr_control_answer *ret)
{
	ssize_t n = recv(fd, ret, sizeof(*ret), MSG_DONTWAIT);

	if (n == sizeof(*ret)) {
		assert_int_equal(ret->magic, HR_CONTROL_MAGIC);
		return (int)ret->status;
	}
	return n < 0 && errno == EAGAIN ? -2 : -1;
}

static int ask(int fd, const void *what, size_t bytes, struct hr_control_answer *ret)
{
	assert_int_equal(send(fd, what, bytes, MSG_NOSIGNAL), (ssize_t)bytes);
	fake_turn(5);
	return receive(fd, ret);
}

static int begin(void **state)
{
	fake_open(DRY);
	fake_container(0, 77, "box", "/box");
	control_open(&fake.control, fake.board);
	return fake.control.fd < 0;
}

static void permit(struct config_allow allow)
{
	fake_config.allows = 1;
	fake_config.allow[0] = allow;
	control_permit(&fake.control);
}

static int end(void **state)
{
	fake_close();
	return 0;
}

static void test_words(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	struct daemon_message emitted;
	int fd = call();

	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	assert_non_null(strstr(answer.text, "headroomd "));
	asked.word = HR_CONTROL_RELOAD;
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	assert_true(recv(fake_superior, &emitted, sizeof(emitted), MSG_DONTWAIT) > 0);
	assert_int_equal(emitted.type, MESSAGE_RELOAD);
	close(fake.supervisor.fd); /* no supervisor to be notified */
	fake.supervisor.fd = -1;
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 1);
	asked.word = HR_CONTROL_COMMANDS;
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 2);
	asked.word = HR_CONTROL_PING; /* and it is served on */
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	close(fd);
}

/* Short, long, of another version: refused, and the next one is heard. */
static void test_no_request(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	char large[4096] = "";
	int fd = call();

	for (size_t n = 1; n < sizeof(asked); n += 7)
		assert_int_equal(ask(fd, &asked, n, &answer), 2);
	memcpy(large, &asked, sizeof(asked));
	assert_int_equal(ask(fd, large, sizeof(large), &answer), 2);
	asked.magic ^= 1;
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 2);
	asked.magic ^= 1;
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	close(fd);
	fake_turn(5);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		assert_int_equal(fake.control.client[i].fd, -1);
}

static void test_by_hand(void **state)
{
	static const struct {
		const char *name;
		uint32_t kind;
		int32_t signal;
		uint64_t id;
		int status;
		const char *text;
	} rows[] = {
		{"kill", HR_ACTION_KILL, 0, 77, 0, "kill: dry_run"},
		{"term", HR_ACTION_TERM, SIGHUP, 77, 0, "term: dry_run"},
		{"reclaim", HR_ACTION_RECLAIM, 0, 77, 0, "reclaim: dry_run"},
		{"throttle", HR_ACTION_THROTTLE, 0, 77, 0, "throttle: dry_run"},
		{"resize", HR_ACTION_RESIZE, 0, 77, 0, "resize: dry_run"},
		{"resize of a leak", HR_ACTION_RESIZE, 0, 80, 4, "a confirmed leak"},
		{"resize below another limit", HR_ACTION_RESIZE, 0, 81, 4,
		 "another limit binds: that of /pod"},
		{"no action", HR_ACTION_NONE, 0, 77, 2, "only reclaim"},
		{"a notice", HR_ACTION_NOTIFY, 0, 77, 2, "only reclaim"},
		{"the reflex", HR_ACTION_REFLEX, 0, 77, 2, "only reclaim"},
		{"past the last", UINT32_MAX, 0, 77, 2, "only reclaim"},
		{"no signal", HR_ACTION_TERM, 400, 77, 2, "no such signal"},
		{"below all signals", HR_ACTION_TERM, -1, 77, 2, "no such signal"},
		{"no such slot", HR_ACTION_KILL, 0, 78, 1, "no such cgroup"},
		{"not 0", HR_ACTION_KILL, 0, 0, 1, "no such cgroup"},
		{"never a target", HR_ACTION_KILL, 0, 79, 4, "never a target"},
	};
	uint64_t seq = board_header(fake.board)->last_seq;
	struct hr_slot *limited;
	struct board_text text;
	int fd = call();

	fake_container(1, 79, "root", "/");
	fake_container(2, 80, "leaks", "/leaks");
	board_slot_begin(fake.board, 2)->forecast.leak = HR_LEAK_CONFIRMED;
	board_slot_end(fake.board, 2);
	fake_container(3, 81, "limited", "/pod/limited");
	limited = board_slot_begin(fake.board, 3);
	limited->memory.limit = 64 << 20;
	limited->binding.level = HR_LEVEL_ANCESTOR;
	board_text_init(&text, limited, offsetof(struct hr_slot, text), sizeof(*limited));
	text.used = limited->text_used;
	limited->binding.cgroup = board_text_add(&text, "/pod", true);
	limited->text_used = (uint16_t)text.used;
	board_slot_end(fake.board, 3);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hr_control_request asked = request(HR_CONTROL_ACTION);
		struct hr_control_answer answer = {0};
		int status;

		asked.kind = rows[i].kind;
		asked.signal = rows[i].signal;
		asked.cgroup_id = rows[i].id;
		status = ask(fd, &asked, sizeof(asked), &answer);
		if (status != rows[i].status || !strstr(answer.text, rows[i].text))
			fail_msg("%s: %d, %s", rows[i].name, status, answer.text);
	}
	assert_true(board_header(fake.board)->last_seq >=
		    seq + 4); /* each that was taken is an event */
	for (size_t i = 0; i < ACTIONS_MAX; i++)
		assert_int_equal(fake.policy_driver->actions.action[i].state, PENDING_FREE);
	close(fd);
}

/* Ten a second, twenty at once; a client that sends more gets an error, quickly. */
static void test_flood(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	unsigned int served = 0, refused = 0;
	uint64_t seq = board_header(fake.board)->last_seq;
	int fd = call(), status;

	fake.control.rate[0].tokens = 20;
	for (int i = 0; i < 60; i++) {
		fake.control.rate[0].ns = clock_mono_ns();
		status = ask(fd, &asked, sizeof(asked), &answer);
		served += status == 0;
		refused += status == 1;
	}
	assert_int_equal(served, 20);
	assert_int_equal(refused, 40);
	assert_int_equal(board_header(fake.board)->last_seq,
			 seq + 1); /* one event for all of them */
	fake.control.rate[0].ns = clock_mono_ns() - NS_PER_SEC;
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	close(fd);
}

/* Silent clients of root hold all places: the one that is silent for longest gives way; all end when their time is over. */
static void test_silent(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	int fd[CONTROL_CLIENTS], one_more;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fd[i] = call();
		fake_turn(2);
	}
	one_more = call();
	assert_int_equal(ask(one_more, &asked, sizeof(asked), &answer), 0);
	assert_int_equal(receive(fd[0], &answer), -1);
	control_tick(&fake.control, clock_mono_ns());
	assert_int_equal(receive(fd[1], &answer), -2);
	control_tick(&fake.control, clock_mono_ns() + (HR_CONTROL_FIRST_S + 1) * NS_PER_SEC);
	for (size_t i = 1; i < CONTROL_CLIENTS; i++)
		assert_int_equal(receive(fd[i], &answer), -1);
	assert_int_equal(ask(one_more, &asked, sizeof(asked), &answer),
			 0); /* it has asked before */
	control_tick(&fake.control, clock_mono_ns() + (HR_CONTROL_IDLE_S + 1) * NS_PER_SEC);
	assert_int_equal(receive(one_more, &answer), -1);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		close(fd[i]);
	close(one_more);
}

/* An answer for a client that has gone must not reach the next one in its place. */
static void test_late_answer(void **state)
{
	struct hr_control_answer answer;
	int first = call(), second, number;

	fake_turn(5);
	number = (int)(fake.control.client[0].serial << 4);
	close(first);
	fake_turn(5);
	second = call();
	fake_turn(5);
	assert_true(fake.control.client[0].fd >= 0);
	control_answer(&fake.control, number, 0, "for the first");
	assert_int_equal(receive(second, &answer), -2);
	control_answer(&fake.control, (int)(fake.control.client[0].serial << 4), 0,
		       "for the second");
	assert_int_equal(receive(second, &answer), 0);
	close(second);
}

/* In a child with this uid and gid: its exit status, while the loop runs. */
static int run_as(uid_t uid, gid_t gid, int (*what)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		if (setgroups(0, NULL) || setgid(gid) || setuid(uid))
			_exit(99);
		_exit(what());
	}
	for (int i = 0; i < 400 && waitpid(pid, &status, WNOHANG) == 0; i++)
		fake_turn(10);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int try_call(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct timeval most = {.tv_sec = 3};

	snprintf(at.sun_path, sizeof(at.sun_path), "%s" HR_CONTROL_SUFFIX, fake_board);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	return connect(fd, (void *)&at, sizeof(at)) ? -errno : fd;
}

/* The status of an answer; 96: it can't connect; 97: no connection at this time; 98: hung up on. */
static int ask_kill(void)
{
	struct hr_control_request asked = request(HR_CONTROL_ACTION);
	struct hr_control_answer answer;
	int fd = try_call();

	if (fd < 0)
		return fd == -EACCES ? 96 : 97;
	send(fd, &asked, sizeof(asked), MSG_NOSIGNAL);
	return recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) ? (int)answer.status : 98;
}

static void test_credentials(void **state)
{
	struct stat st;

	if (geteuid())
		SKIP("needs root");
	assert_int_equal(stat(fake.control.place.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(run_as(NO_TARGET, NO_TARGET, ask_kill), 96);
	permit((struct config_allow){.id = NO_TARGET});
	assert_int_equal(run_as(NO_TARGET, NO_TARGET, ask_kill), 0);
	assert_int_equal(run_as(NO_TARGET - 1, NO_TARGET, ask_kill), 96);
	permit((struct config_allow){.id = NO_TARGET, .group = true});
	assert_int_equal(run_as(NO_TARGET - 1, NO_TARGET, ask_kill), 0);
	assert_int_equal(run_as(NO_TARGET, NO_TARGET - 1, ask_kill), 96);
	permit((struct config_allow){.id = HR_UNKNOWN_U32}); /* a name without a user */
	assert_int_equal(run_as(NO_TARGET, NO_TARGET, ask_kill), 96);
	fake_config.allows = 0;
	control_permit(&fake.control);
	assert_int_equal(stat(fake.control.place.path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	assert_int_equal(run_as(NO_TARGET, NO_TARGET, ask_kill), 96);
	/* Where the file system has no ACLs, the daemon refuses. */
	assert_int_equal(chmod(fake.control.place.path, 0666), 0);
	assert_int_equal(run_as(NO_TARGET, NO_TARGET, ask_kill), 4);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		assert_int_equal(fake.control.client[i].fd, -1);
}

/* Connects, waits until its permission is taken away, then asks. */
static int ask_later(void)
{
	struct hr_control_request asked = request(HR_CONTROL_ACTION);
	struct hr_control_answer answer;
	int fd = try_call();

	if (fd < 0)
		return 96;
	usleep(300000);
	send(fd, &asked, sizeof(asked), MSG_NOSIGNAL);
	return recv(fd, &answer, sizeof(answer), 0) == sizeof(answer) ? (int)answer.status : 98;
}

static void test_permission_ends(void **state)
{
	int status = 0;
	pid_t pid;

	if (geteuid())
		SKIP("needs root");
	permit((struct config_allow){.id = NO_TARGET});
	pid = fork();
	if (!pid)
		_exit(setgroups(0, NULL) || setgid(NO_TARGET) || setuid(NO_TARGET) ? 99
										   : ask_later());
	fake_turn(100);
	fake_config.allows = 0;
	for (int i = 0; i < 400 && waitpid(pid, &status, WNOHANG) == 0; i++)
		fake_turn(10);
	assert_int_equal(WEXITSTATUS(status), 4);
}

static int fds[64];

/* Holds as many connections as it gets. */
static int hold_many(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = try_call();
	pause();
	return 0;
}

/* Other users hold what they may; root has its places, and each of the others a few. */
static void test_places(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	static const uid_t uids[] = {NO_TARGET, NO_TARGET - 1, NO_TARGET - 2, NO_TARGET - 3};
	pid_t pid[ARRAY_SIZE(uids)];
	size_t held = 0;
	int fd[CONTROL_FOR_ROOT + 2];

	if (geteuid())
		SKIP("needs root");
	permit((struct config_allow){.id = 4000000, .group = true});
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(setgroups(0, NULL) || setgid(4000000) || setuid(uids[i])
				      ? 99
				      : hold_many());
		fake_turn(150);
	}
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		held += fake.control.client[i].fd >= 0;
	assert_int_equal(held, CONTROL_CLIENTS - CONTROL_FOR_ROOT);
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++) { /* more than its own */
		fd[i] = call();
		assert_int_equal(ask(fd[i], &asked, sizeof(asked), &answer), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	fake_turn(20);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		assert_int_equal(fake.control.client[i].fd, -1);
}

/* A user that has used up its requests leaves root's alone. */
static int ask_much(void)
{
	int status = 0;

	for (int i = 0; i < 40; i++)
		status = ask_kill();
	return status;
}

static void test_rate_of_another(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	int fd;

	if (geteuid())
		SKIP("needs root");
	permit((struct config_allow){.id = NO_TARGET});
	assert_int_equal(run_as(NO_TARGET, NO_TARGET, ask_much), 1);
	fd = call();
	for (int i = 0; i < 15; i++)
		assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	close(fd);
}

/* A TCP connection with a last close() that waits for seconds: SO_LINGER, and more data than its peer takes. */
static int lingering(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int server = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	struct linger linger = {1, 5};
	socklen_t bytes = sizeof(at);
	static char data[65536];

	assert_int_equal(bind(server, (void *)&at, sizeof(at)) || listen(server, 1) ||
				 getsockname(server, (void *)&at, &bytes) ||
				 connect(fd, (void *)&at, sizeof(at)) ||
				 setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)),
			 0);
	while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	return fd; /* server stays open, or the connection would be reset */
}

/* With the request, or an empty packet. */
static ssize_t pass(int fd, int passed, bool empty)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} with = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct msghdr packet = {.msg_iov = &(struct iovec){&asked, empty ? 0 : sizeof(asked)},
				.msg_iovlen = 1,
				.msg_control = &with,
				.msg_controllen = sizeof(with)};

	memcpy(CMSG_DATA(&with.header), &passed, sizeof(passed));
	return sendmsg(fd, &packet, MSG_NOSIGNAL);
}

/* Descriptors that a client passes are never closed by the loop: that could wait for as long as the client likes. */
static void test_descriptors(void **state)
{
	struct hr_control_request asked = request(HR_CONTROL_PING);
	struct hr_control_answer answer;
	int passed = lingering(), fd = call(), yes = 1;
	uint64_t began = clock_mono_ns();
	bool refused;

	fake_turn(5);
	refused = pass(fd, passed, false) < 0; /* since Linux 6.16 */
	if (refused) {                         /* an older kernel's behaviour */
		setsockopt(fake.control.client[0].fd, SOL_SOCKET, 83, &yes, sizeof(yes));
		assert_true(pass(fd, passed, false) > 0);
	}
	fake_turn(10);
	assert_int_equal(receive(fd, &answer), -1);
	assert_int_equal(fake.control.parked, 1);
	close(fd);
	/* Behind empty packets, which look like the end; the first one ends the connection. */
	fd = call();
	fake_turn(5);
	setsockopt(fake.control.client[0].fd, SOL_SOCKET, 83, &yes, sizeof(yes));
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(fd, &asked, 0, MSG_NOSIGNAL), 0);
	assert_int_equal(pass(fd, passed, true), 0);
	close(passed);
	fake_turn(10);
	assert_int_equal(fake.control.parked, 2);
	close(fd);
	fd = call();
	assert_int_equal(ask(fd, &asked, sizeof(asked), &answer), 0);
	close(fd);
	assert_true(clock_mono_ns() - began < 2 * NS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_words, begin, end),
		cmocka_unit_test_setup_teardown(test_no_request, begin, end),
		cmocka_unit_test_setup_teardown(test_by_hand, begin, end),
		cmocka_unit_test_setup_teardown(test_flood, begin, end),
		cmocka_unit_test_setup_teardown(test_silent, begin, end),
		cmocka_unit_test_setup_teardown(test_late_answer, begin, end),
		cmocka_unit_test_setup_teardown(test_credentials, begin, end),
		cmocka_unit_test_setup_teardown(test_permission_ends, begin, end),
		cmocka_unit_test_setup_teardown(test_places, begin, end),
		cmocka_unit_test_setup_teardown(test_rate_of_another, begin, end),
		cmocka_unit_test_setup_teardown(test_descriptors, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
