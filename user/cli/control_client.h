/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A request to the running daemon, by the control socket beside its board. Prints nothing. */
#ifndef HEADROOM_CLI_CONTROL_CLIENT_H
#define HEADROOM_CLI_CONTROL_CLIENT_H

#include <headroom/control.h>

#define ASK_ERROR 256

/* Sends without waiting: *ret_fd becomes readable with the answer; the caller closes it. Errors as below, and -EAGAIN: too
 * many connections. */
int ask_begin(const char *board, const struct hr_control_request *request, int *ret_fd,
	      char error[ASK_ERROR]);
/* 0; -EAGAIN: not yet; or -errno and one line. */
int ask_answer(const char *board, int fd, struct hr_control_answer *ret_answer,
	       char error[ASK_ERROR]);

/* Sends and waits for the answer, at most timeout_ms. 0, or -errno and one line in error: -ENOENT, -ECONNREFUSED: no daemon
 * listening; -EACCES; -ETIMEDOUT; -EPROTO. */
int ask_daemon(const char *board, const struct hr_control_request *request, int timeout_ms,
	       struct hr_control_answer *ret_answer, char error[ASK_ERROR]);

#endif
