// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Arguments of a process: terminated within the space, and at any length. */
#include "fuzz.h"

#include "identify/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_input in = {data, n};
	size_t space = 1 + (size_t)fuzz_take(&in, 2) % 1024;
	char *line = malloc(space);

	if (!line)
		return 0;
	redact_args((const char *)in.at, in.n, line, space);
	if (strnlen(line, space) == space)
		abort();
	free(line);
	return 0;
}
