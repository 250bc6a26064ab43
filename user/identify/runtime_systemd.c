// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * systemd: services and scopes are units; slices, mounts and sockets are groups with a unit's name.
 * Used only where no container is on the path: a unit inside a container belongs to the container.
 */
#include <string.h>

#include "base/cleanup.h"
#include "identity.h"

static bool systemd_match(const struct path *path, int i, struct identity *identity)
{
	static const struct {
		const char *suffix;
		enum hr_kind kind;
	} types[] = {
		{".service", HR_KIND_UNIT}, {".scope", HR_KIND_UNIT},   {".slice", HR_KIND_GROUP},
		{".mount", HR_KIND_GROUP},  {".socket", HR_KIND_GROUP}, {".swap", HR_KIND_GROUP},
	};
	/* systemd puts a "_" before a name that the kernel would take for one of its files
	 * (systemd: cg_escape). */
	const char *unit = path->part[i] + (path->part[i][0] == '_');

	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		if (!part_ends(unit, types[t].suffix))
			continue;
		identity->runtime = HR_RUNTIME_SYSTEMD;
		/* A user's manager holds all that the user runs: it is no workload of its own. */
		identity->kind = !strncmp(unit, "user@", 5) ? HR_KIND_GROUP : types[t].kind;
		identity_set(identity->unit, unit);
		part_unescape(unit, identity->name, sizeof(identity->name));
		return true;
	}
	return false;
}

const struct runtime runtime_systemd = {
	.runtime = HR_RUNTIME_SYSTEMD,
	.name = "systemd",
	.last = true,
	.match = systemd_match,
};
