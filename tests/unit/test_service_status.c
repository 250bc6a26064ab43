// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The words to a service manager, heard on a socket of our own: by path, in the abstract, and without a receiver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/sd_notify.h"

static int manager = -1;

/* A manager listens there; '@' first: in the abstract. */
static void listen_at(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t n = strlen(name);

	memcpy(at.sun_path, name, n);
	if (*name == '@')
		at.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(manager >= 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void receives(const char *expected)
{
	char text[1024] = "";
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	if (!expected) {
		assert_int_equal(n, -1);
		return;
	}
	assert_string_equal(text, expected);
}

static int forget(void **state)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
	service_forget_environment();
	return 0;
}

static void test_words(void **state)
{
	char name[64];

	snprintf(name, sizeof(name), "@headroom-test-service-%d", getpid());
	listen_at(name);
	service_begin();
	assert_true(service_asked());
	service_ready("observe");
	receives("READY=1\nSTATUS=observe");
	service_status("observe");
	receives(NULL); /* no news */
	service_status("two\nREADY=1");
	receives("STATUS=two READY=1");
	service_ready(NULL);
	receives("READY=1\nSTATUS=two READY=1");
	service_alive();
	receives(NULL); /* no watchdog was set */
	service_stopping();
	receives("STOPPING=1\nSTATUS=stopping");
}

static void test_reloading(void **state)
{
	char path[] = "/tmp/test_service.XXXXXX", name[64], text[128] = "";
	unsigned long long usec = 0;

	assert_non_null(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/notify", path);
	listen_at(name);
	service_begin();
	service_reloading();
	assert_true(recv(manager, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_true(usec > 0);
	unlink(name);
	service_status("no receiver"); /* does not block */
	rmdir(path);
}

static void test_watchdog(void **state)
{
	char name[64], mine[32], text[64];

	snprintf(name, sizeof(name), "@headroom-test-watchdog-%d", getpid());
	snprintf(mine, sizeof(mine), "%d", getpid());
	listen_at(name);
	setenv("WATCHDOG_USEC", "80000", 1);
	setenv("WATCHDOG_PID", mine, 1);
	service_begin();
	assert_int_equal(service_watchdog_ms(), 80);
	service_alive();
	receives("WATCHDOG=1");
	service_alive();
	receives(NULL);
	usleep(30000);
	service_alive();
	receives("WATCHDOG=1");
	/* It was set for another process: only its successor takes it over, and sends its own pid. */
	setenv("WATCHDOG_PID", "1", 1);
	service_begin();
	assert_int_equal(service_watchdog_ms(), 0);
	service_take_over();
	assert_int_equal(service_watchdog_ms(), 80);
	snprintf(text, sizeof(text), "MAINPID=%d", getpid());
	receives(text);
}

static void test_none(void **state)
{
	static const char *const odd[] = {"", "/", "notify", "vsock:2:1234", "@"};
	char longer[256];

	service_begin();
	assert_false(service_asked());
	service_ready("into the air");
	service_stopping();
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		setenv("NOTIFY_SOCKET", odd[i], 1);
		service_begin();
		assert_false(service_asked());
	}
	memset(longer, '/', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longer, 1);
	service_begin();
	assert_false(service_asked());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_words, forget),
		cmocka_unit_test_teardown(test_reloading, forget),
		cmocka_unit_test_teardown(test_watchdog, forget),
		cmocka_unit_test_teardown(test_none, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
