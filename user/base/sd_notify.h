/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a service reports to its service manager: readiness, keep-alive, status. The protocol of
 * sd_notify(3) without its library. Where no manager asks for it ($NOTIFY_SOCKET is not set) every
 * call does nothing. Nothing here blocks or allocates: a message that cannot be sent at once is
 * dropped.
 *
 *	service_begin();
 *	service_ready("5 sinks");
 *	for (;;) { service_alive(); … }		at any rate; sent when it is due
 *	service_stopping();
 */
#ifndef HEADROOM_BASE_SD_NOTIFY_H
#define HEADROOM_BASE_SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the environment: $NOTIFY_SOCKET (a path, or @NAME in the abstract), $WATCHDOG_USEC and
 * $WATCHDOG_PID. */
void service_begin(void);
/* The same for a process that takes over from the service's main process, which has died: the
 * watchdog set for that one now applies to us, and the manager gets our pid. */
void service_take_over(void);
bool service_asked(void); /* whether a manager listens */

/* `status` is a line for people; NULL: keep the current one. */
void service_ready(const char *status);
void service_status(const char *status); /* sent only if it changed */
void service_reloading(void);            /* ends with service_ready() */
void service_stopping(void);

/* Keep-alive: called from the loop that the watchdog supervises, at least four times in the
 * watchdog's time; sent when it is due. */
void service_alive(void);
uint32_t service_watchdog_ms(void); /* 0: no watchdog */

/* In a child before it executes another program, which must not report for us. */
void service_forget_environment(void);

#endif
