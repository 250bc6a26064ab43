// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Records of the kernel log, one after another, each in memory that ends where it ends. */
#include "fuzz.h"

#include "identify/kmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct kmsg kmsg = {0};
	struct kmsg_oom oom;

	while (n) {
		const uint8_t *end = memchr(data, '\n', n);
		size_t m = end ? (size_t)(end - data) + 1 : n;
		char *record = malloc(m);

		if (!record)
			return 0;
		memcpy(record, data, m);
		if (kmsg_record(&kmsg, record, m, &oom) &&
		    (!memchr(oom.comm, 0, sizeof(oom.comm)) ||
		     !memchr(oom.task_path, 0, sizeof(oom.task_path)) ||
		     !memchr(oom.limit_path, 0, sizeof(oom.limit_path))))
			abort();
		free(record);
		data += m;
		n -= m;
	}
	return 0;
}
