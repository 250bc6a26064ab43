/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * When BPF is tried again that did not load for want of something that may come back: as soon as the host is calm, and 30 s, 2 min and
 * 10 min after the last try in any case. Pure; times are monotonic.
 */
#ifndef HEADROOM_DAEMON_BPF_RETRY_H
#define HEADROOM_DAEMON_BPF_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct bpf_retry {
	uint64_t since_ns;   /* of the first try that failed; 0: nothing to be tried */
	uint64_t last_ns;    /* of the last one */
	unsigned int failed; /* tries */
	bool was_calm;       /* at the last one */
};

/* A try failed. */
void bpf_retry_failed(struct bpf_retry *retry, uint64_t now_ns, bool calm);
bool bpf_retry_due(const struct bpf_retry *retry, uint64_t now_ns, bool calm);

#endif
