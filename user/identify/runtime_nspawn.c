// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * systemd-nspawn and other machines of machined: systemd-nspawn@NAME.service, machine-NAME.scope. On cgroup v2 nspawn puts
 * the container into `payload` below them, and itself into `supervisor` (systemd: src/nspawn/nspawn-cgroup.c,
 * create_subcgroup()); on v1 the memory hierarchy has no such level, and the unit is the machine. A machine owns what is
 * below it: the units in there are its own, not the host's. The path holds the name; there is no state file.
 */
#include <string.h>

#include "identity.h"

static const char service[] = "systemd-nspawn@", scope[] = "machine-";

/* The machine's name, as machinectl takes it. */
static bool machine_name(const char *part, char *ret_name, size_t bytes)
{
	char name[256];
	const char *at = part;
	const char *end = ".service";

	if (!strncmp(part, service, sizeof(service) - 1)) {
		at += sizeof(service) - 1;
	} else if (!strncmp(part, scope, sizeof(scope) - 1)) {
		at += sizeof(scope) - 1;
		end = ".scope";
	} else {
		return false;
	}
	if (!part_ends(at, end))
		return false;
	identity_copy(name, sizeof(name), at, strlen(at) - strlen(end));
	part_unescape(name, ret_name, bytes);
	return ret_name[0] != 0;
}

static bool is_virtual(const char *name)
{
	return !strncmp(name, "qemu-", 5) || !strncmp(name, "xen-", 4);
}

/* libvirt registers its machines under such names; what they are is not nspawn's to say. */
static bool of_libvirt(const char *name) { return is_virtual(name) || !strncmp(name, "lxc-", 4); }

static bool nspawn_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i], *unit = part;
	char name[256];

	if (i && machine_name(path->part[i - 1], name, sizeof(name)) && !of_libvirt(name)) {
		if (!strcmp(part, "payload"))
			identity->kind = HR_KIND_CONTAINER;
		else if (!strcmp(part,
				 "supervisor")) /* exempt, so nothing that a user can make up */
			identity->kind =
				path_of_host(path, i - 1) ? HR_KIND_SANDBOX : HR_KIND_GROUP;
		else
			return false;
		unit = path->part[i - 1];
		identity_set(identity->name, name);
		identity->path_names = true;
	} else if (machine_name(part, name, sizeof(name))) {
		identity->kind = HR_KIND_UNIT;
		part_unescape(part, identity->name, sizeof(identity->name));
	} else {
		return false;
	}
	identity->runtime = of_libvirt(name) ? HR_RUNTIME_SYSTEMD : HR_RUNTIME_NSPAWN;
	if (!is_virtual(name))
		identity_set(identity->container_id, name);
	identity_set(identity->unit, unit);
	return true;
}

const struct runtime runtime_nspawn = {
	.runtime = HR_RUNTIME_NSPAWN,
	.name = "nspawn",
	.match = nspawn_match,
};
