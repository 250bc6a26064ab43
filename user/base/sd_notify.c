// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The few datagrams of sd_notify(3). Never waits for the manager, and never fails because of it. */
#include "sd_notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"

#define STATUS_BYTES 256

static struct {
	struct sockaddr_un at;
	socklen_t at_bytes;   /* 0: no manager listens */
	uint64_t watchdog_ns; /* 0: none */
	uint64_t alive_ns;    /* monotonic, when it was last sent */
	char status[STATUS_BYTES];
} service;

__attribute__((format(printf, 1, 2))) static void describe(const char *format, ...)
{
	_cleanup_close_ int fd = -1;
	char text[STATUS_BYTES + 128];
	va_list args;
	int n;

	if (!service.at_bytes)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		sendto(fd, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1,
		       MSG_NOSIGNAL, (const struct sockaddr *)&service.at, service.at_bytes);
}

/* The socket's name, as the manager wrote it; false for an address family that is not supported. */
static bool take_address(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n < 2 || n >= sizeof(service.at.sun_path) || (*name != '/' && *name != '@'))
		return false;
	service.at = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(service.at.sun_path, name, n);
	if (*name == '@')
		service.at.sun_path[0] = '\0';
	service.at_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*name == '/'));
	return true;
}

static uint64_t number_of(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : 0;
}

static void begin(bool heir)
{
	uint64_t usec = number_of("WATCHDOG_USEC"), pid = number_of("WATCHDOG_PID");

	memset(&service, 0, sizeof(service));
	if (!take_address(getenv("NOTIFY_SOCKET")))
		return;
	if (usec < UINT64_MAX / 1000 && (heir || !pid || pid == (uint64_t)getpid()))
		service.watchdog_ns = usec * 1000;
}

void service_begin(void) { begin(false); }

void service_take_over(void)
{
	begin(true);
	describe("MAINPID=%d", getpid());
}

bool service_asked(void) { return service.at_bytes; }

/* One line: a newline, which a manager would read as another assignment, becomes a space. */
static bool take_status(const char *status)
{
	char line[STATUS_BYTES];

	if (!status)
		return false;
	snprintf(line, sizeof(line), "%s", status);
	for (char *c = line; *c; c++)
		if (*c == '\n')
			*c = ' ';
	if (!strcmp(line, service.status))
		return false;
	memcpy(service.status, line, sizeof(line));
	return true;
}

void service_ready(const char *status)
{
	take_status(status);
	describe("READY=1\nSTATUS=%s", service.status);
}

void service_status(const char *status)
{
	if (take_status(status))
		describe("STATUS=%s", service.status);
}

void service_reloading(void)
{
	describe("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(clock_mono_ns() / 1000));
}

void service_stopping(void) { describe("STOPPING=1\nSTATUS=stopping"); }

uint32_t service_watchdog_ms(void) { return (uint32_t)(service.watchdog_ns / NS_PER_MS); }

void service_alive(void)
{
	uint64_t now = clock_mono_ns();

	if (!service.watchdog_ns ||
	    (service.alive_ns && now - service.alive_ns < service.watchdog_ns / 4))
		return;
	service.alive_ns = now;
	describe("WATCHDOG=1");
}

void service_forget_environment(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}
