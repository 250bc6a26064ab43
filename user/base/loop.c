// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* epoll with callbacks. Allocates nothing; knows nothing of what the descriptors are. */
#include "loop.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"

#define LOOP_ROUND 32

int loop_init(struct loop *loop)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	*loop = (struct loop){.epoll_fd = fd};
	return 0;
}

void loop_done(struct loop *loop)
{
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->epoll_fd = -1;
}

int loop_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
	     void (*fn)(struct loop_watch *watch, uint32_t events, void *arg), void *arg)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	*watch = (struct loop_watch){.fd = fd, .fn = fn, .arg = arg};
	return 0;
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
	if (watch->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->fd = -1; /* a pending event of this round is skipped */
}

int loop_run(struct loop *loop)
{
	struct epoll_event events[LOOP_ROUND];

	while (!loop->stop) {
		int n = epoll_wait(loop->epoll_fd, events, LOOP_ROUND, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !loop->stop; i++) {
			struct loop_watch *watch = events[i].data.ptr;

			if (watch->fd >= 0)
				watch->fn(watch, events[i].events, watch->arg);
		}
	}
	return loop->result;
}

void loop_stop(struct loop *loop, int result)
{
	loop->stop = true;
	loop->result = result;
}

int loop_timer_new(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_SEC),
				 .tv_nsec = (long)(ns % NS_PER_SEC)};
}

int loop_timer_set(int fd, uint64_t first_ns, uint64_t every_ns)
{
	struct itimerspec spec = {.it_value = timespec_of(first_ns ? first_ns : 1),
				  .it_interval = timespec_of(every_ns)};

	return timerfd_settime(fd, 0, &spec, NULL) ? -errno : 0;
}

#define NEVER_S (1LL << 33) /* the year 2242 */

int loop_clock_new(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	loop_clock_rearm(fd);
	return fd;
}

void loop_clock_rearm(int fd)
{
	struct itimerspec never = {.it_value.tv_sec = NEVER_S};

	loop_timer_read(fd); /* ECANCELED: the clock was set */
	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

void loop_timer_read(int fd)
{
	uint64_t fired;

	if (read(fd, &fired, sizeof(fired)) < 0)
		return; /* EAGAIN: another thread was faster */
}
