/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An event loop on one screen: descriptors with callbacks on epoll. Nothing is allocated: the owner
 * embeds the watches.
 *	struct loop loop; loop_init(&loop); loop_add(&loop, &watch, fd, EPOLLIN, fn, arg); loop_run(&loop); loop_done(&loop);
 * A callback may add and remove any watch but must not free one that loop_run still holds in this
 * round.
 */
#ifndef HEADROOM_LOOP_H
#define HEADROOM_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop {
	int epoll_fd;
	bool stop;
	int result;
};

struct loop_watch {
	int fd; /* -1: not watched */
	void (*fn)(struct loop_watch *watch, uint32_t events, void *arg);
	void *arg;
};

int loop_init(struct loop *loop); /* 0 or -errno */
void loop_done(struct loop *loop);
int loop_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
	     void (*fn)(struct loop_watch *watch, uint32_t events, void *arg), void *arg);
void loop_remove(struct loop *loop, struct loop_watch *watch); /* the fd stays open */
int loop_run(struct loop *loop); /* until loop_stop(); its result, or -errno */
void loop_stop(struct loop *loop, int result);

/* A monotonic timer fd, non-blocking. loop_timer_set: first firing after first_ns, then every
 * every_ns (0: once). */
int loop_timer_new(void);
int loop_timer_set(int fd, uint64_t first_ns, uint64_t every_ns);
void loop_timer_read(int fd); /* clears readiness */
/* A timer fd that is readable after the wall clock was set (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET; also after a
 * resume). loop_clock_rearm() clears that, and waits for the next time. -errno where the kernel refuses. */
int loop_clock_new(void);
void loop_clock_rearm(int fd);

#endif
