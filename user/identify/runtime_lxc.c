// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * LXC, LXD, Incus, Proxmox: lxc/NAME, lxc.payload.NAME, lxc.payload/NAME; the supervisor is
 * lxc.monitor. The path holds the name; there is no state file.
 */
#include <string.h>

#include "identity.h"

static bool lxc_match(const struct path *path, int i, struct identity *identity)
{
	static const struct {
		const char *parent; /* the component before the name, or … */
		const char *prefix; /* … the beginning of the name's own component */
		enum hr_kind kind;
	} forms[] = {
		{NULL, "lxc.payload.", HR_KIND_CONTAINER},
		{NULL, "lxc.monitor.", HR_KIND_SANDBOX},
		{"lxc.payload", "", HR_KIND_CONTAINER},
		{"lxc.monitor", "", HR_KIND_SANDBOX},
		{"lxc", "", HR_KIND_CONTAINER},
	};

	for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		size_t n = strlen(forms[f].prefix);

		if (forms[f].parent && (!i || strcmp(path->part[i - 1], forms[f].parent)))
			continue;
		if (strncmp(path->part[i], forms[f].prefix, n) || !path->part[i][n])
			continue;
		identity->runtime = HR_RUNTIME_LXC;
		identity->kind = forms[f].kind;
		identity->path_names = true;
		identity_set(identity->name, path->part[i] + n);
		identity_set(identity->container_id, path->part[i] + n);
		return true;
	}
	return false;
}

const struct runtime runtime_lxc = {
	.runtime = HR_RUNTIME_LXC,
	.name = "lxc",
	.match = lxc_match,
};
