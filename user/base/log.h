/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One line to stderr: what, where, what to do. Only a program's main file logs; modules return
 * errors. */
#ifndef HEADROOM_LOG_H
#define HEADROOM_LOG_H

void log_name(const char *program); /* the prefix; the string must stay valid */
__attribute__((format(printf, 1, 2))) void log_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...);

#endif
