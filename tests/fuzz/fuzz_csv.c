// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* `headroom replay` of a series of numbers from any source. */
#include "fuzz.h"

#include <sys/mman.h>

#include "cli/cli.h"

const struct command *command_at(size_t i) { return NULL; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int quiet;
	char path[32];
	char *argv[] = {(char *)"replay", path, n % 2 ? (char *)"--json" : NULL, NULL};
	int fd = memfd_create("series", 0);

	if (!quiet++)
		fuzz_quiet();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, n) != (ssize_t)n)
		abort();
	lseek(fd, 0, SEEK_SET);
	command_run(&command_replay, n % 2 ? 3 : 2, argv);
	close(fd);
	return 0;
}
