// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Cgroup paths and names of kubelet's log files. */
#include "fuzz.h"

#include "identify/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[RECORD_PATH];
	struct identity identity;
	struct path path;

	identity_copy(text, sizeof(text), (const char *)data, n);
	path_split(text, &path);
	identity_from_path(&path, &identity);
	identity_workload(&identity, text);
	memset(&identity, 0, sizeof(identity));
	log_parse_container(text, &identity);
	log_parse_pod(text, strlen(text), &identity);
	return 0;
}
