/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Ends a test without a verdict; tests/run prints the reason. After cmocka.h. */
#ifndef HEADROOM_TESTS_SKIP_H
#define HEADROOM_TESTS_SKIP_H

#define SKIP(reason)                                 \
	do {                                         \
		print_message("skip: " reason "\n"); \
		skip();                              \
	} while (0)

#endif
