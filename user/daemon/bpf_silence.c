// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "bpf_silence.h"

#include <string.h>

static const struct {
	uint32_t misses; /* until it is certain */
	const char *what;
} kinds[BPF_SILENT_KINDS] = {
	[BPF_SILENT_OOM_KILL] = {2, "OOM kills"},
	[BPF_SILENT_CGROUP] = {3, "new cgroups"}, /* a controller that is enabled makes some, too */
	[BPF_SILENT_SWEEP] = {3, "memory"},
	[BPF_SILENT_TASKS] = {3, "processes"},
};

void bpf_silence_reported(struct bpf_silence *silence, enum bpf_silent kind)
{
	silence->missed[kind] = 0;
}

void bpf_silence_missed(struct bpf_silence *silence, enum bpf_silent kind, uint64_t n)
{
	silence->missed[kind] += n < UINT16_MAX ? (uint32_t)n : UINT16_MAX;
	if (silence->missed[kind] > UINT16_MAX)
		silence->missed[kind] = UINT16_MAX;
}

const char *bpf_silence_what(const struct bpf_silence *silence)
{
	for (unsigned int i = 0; i < BPF_SILENT_KINDS; i++)
		if (silence->missed[i] >= kinds[i].misses)
			return kinds[i].what;
	return NULL;
}

bool bpf_silence_reload(struct bpf_silence *silence, uint64_t now_ns)
{
	if (!bpf_silence_what(silence) ||
	    (silence->retry.since_ns && !bpf_retry_due(&silence->retry, now_ns, false)))
		return false;
	bpf_retry_failed(&silence->retry, now_ns, false);
	return true;
}

void bpf_silence_replaced(struct bpf_silence *silence)
{
	memset(silence->missed, 0, sizeof(silence->missed));
}
