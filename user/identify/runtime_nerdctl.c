// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * nerdctl: containers of containerd with names in the annotation nerdctl/name; nerdctl-ID.scope
 * with the systemd driver, /default/ID with the other. Its state is containerd's.
 */
#include <string.h>

#include "who.h"

static bool nerdctl_match(const struct path *path, int i, struct who *who)
{
	const char *part = path->part[i];

	if (part_is_id(part) && i == 1 &&
	    !strcmp(path->part[0], "default")) { /* cgroupfs driver: /NAMESPACE/ID */
		who_set(who->container_id, part);
		who->guess = true;
	} else if (!part_tagged(part, "nerdctl-", who->container_id)) {
		return false;
	}
	who->runtime = HR_RUNTIME_NERDCTL;
	who->kind = HR_KIND_CONTAINER;
	return true;
}

static int nerdctl_read(struct opener *opener, struct who *who)
{
	int r = runtime_containerd.read(opener, who);

	if (r == 0 && !who->guess)
		who->runtime = HR_RUNTIME_NERDCTL;
	return r;
}

const struct runtime runtime_nerdctl = {
	.runtime = HR_RUNTIME_NERDCTL,
	.name = "nerdctl",
	.match = nerdctl_match,
	.read = nerdctl_read,
};
