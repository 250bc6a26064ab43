/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Termination by signal, for commands that keep running: SIGINT, SIGTERM and SIGHUP are delivered
 * only while the command waits. */
#ifndef HEADROOM_SIGNALS_H
#define HEADROOM_SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* From now on these signals end the next wait instead of the program. May be called again. */
void signals_catch(void);
/* The signal that arrived; 0: none yet. */
int signals_caught(void);
/* ppoll that they interrupt; timeout in ns. As ppoll: -1 with EINTR when one arrived (or the window
 * was resized). */
int signals_wait(struct pollfd *fds, unsigned int n, uint64_t timeout_ns);
struct hr_reader;
/* Until there may be a new event on the board, one of these signals or the timeout, whatever comes first. A signal that arrives just
 * before it waits is noticed at the timeout. */
void signals_wait_event(struct hr_reader *reader, uint64_t timeout_ns);
/* For a child before it executes another program. */
void signals_release(void);

#endif
