// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "bpf_retry.h"

#include "base/clock.h"

#define CALM_NS (5 * NS_PER_SEC) /* a host that has just become calm is left alone for so long */

static uint64_t pause_ns(unsigned int failed)
{
	static const uint64_t seconds[] = {30, 120, 600};

	return seconds[failed < 3 ? (failed ? failed - 1 : 0) : 2] * NS_PER_SEC;
}

void bpf_retry_failed(struct bpf_retry *retry, uint64_t now_ns, bool calm)
{
	if (!retry->since_ns)
		retry->since_ns = now_ns;
	retry->last_ns = now_ns;
	retry->failed++;
	retry->was_calm = calm;
}

bool bpf_retry_due(const struct bpf_retry *retry, uint64_t now_ns, bool calm)
{
	uint64_t since = now_ns - retry->last_ns;

	return retry->since_ns &&
	       ((calm && !retry->was_calm && since >= CALM_NS) || since >= pause_ns(retry->failed));
}
