// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A configuration: compiled policies that verify, or one line with the reason. */
#include "fuzz.h"

#include <sys/mman.h>

#include "base/cleanup.h"
#include "policy/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_free_ struct policy_set *set = NULL;
	int fd = memfd_create("config", 0);
	char path[32], error[CONFIG_ERROR];
	struct config config;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config_init(&config);
	if (write(fd, data, n) == (ssize_t)n && !config_load(path, &config, &set, error) && set &&
	    policy_set_verify(set, set->bytes))
		abort();
	close(fd);
	return 0;
}
