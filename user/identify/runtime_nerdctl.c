// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * nerdctl: containers of containerd with names in the annotation nerdctl/name; nerdctl-ID.scope
 * with the systemd driver, /default/ID with the other. Its state is containerd's.
 */
#include <string.h>

#include "identity.h"

static bool nerdctl_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i];

	if (part_is_id(part) && i == 1 &&
	    !strcmp(path->part[0], "default")) { /* cgroupfs driver: /NAMESPACE/ID */
		identity_set(identity->container_id, part);
		identity->guess = true;
	} else if (!part_tagged(part, "nerdctl-", identity->container_id)) {
		return false;
	}
	identity->runtime = HR_RUNTIME_NERDCTL;
	identity->kind = HR_KIND_CONTAINER;
	return true;
}

static int nerdctl_read(struct opener *opener, struct identity *identity)
{
	int r = runtime_containerd.read(opener, identity);

	if (r == 0 && !identity->guess)
		identity->runtime = HR_RUNTIME_NERDCTL;
	return r;
}

const struct runtime runtime_nerdctl = {
	.runtime = HR_RUNTIME_NERDCTL,
	.name = "nerdctl",
	.match = nerdctl_match,
	.read = nerdctl_read,
};
