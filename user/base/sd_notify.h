/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a service tells whoever started it: that it is ready, that it lives, what it does at the moment. The protocol of
 * sd_notify(3) without its library. Where nobody asked ($NOTIFY_SOCKET is not set) every call does nothing. Nothing here
 * blocks or allocates: a word that can't be sent at once is not sent.
 *
 *	service_begin();
 *	service_ready("5 sinks");
 *	for (;;) { service_alive(); … }		as often as it likes; sent when it is due
 *	service_stopping();
 */
#ifndef HEADROOM_BASE_SD_NOTIFY_H
#define HEADROOM_BASE_SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the environment: $NOTIFY_SOCKET (a path, or @NAME in the abstract), $WATCHDOG_USEC and $WATCHDOG_PID. */
void service_begin(void);
/* The same for a process that carries on where another, now dead, was the service's main one: the watchdog that was
 * set for that one is now for us, and the manager hears our pid. */
void service_take_over(void);
bool service_asked(void); /* is there anybody who listens? */

/* `status` is a line for people; NULL: leave the one that stands. */
void service_ready(const char *status);
void service_status(const char *status); /* sent only where it says something new */
void service_reloading(void);            /* ends with service_ready() */
void service_stopping(void);

/* "I am alive": called from the loop whose life it proves, at least four times in the time of the watchdog; sent when it
 * is due. */
void service_alive(void);
uint32_t service_watchdog_ms(void); /* 0: nobody waits for that */

/* In a child that is to be another program: it must not speak for us. */
void service_forget_environment(void);

#endif
