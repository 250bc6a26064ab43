// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The names on a path: see process_place.h. */
#include "process_place.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* user-UID.slice; UINT32_MAX: it is none. */
static uint32_t login_of(const char *part, size_t n)
{
	unsigned long uid;
	char *end;

	if (n < sizeof("user-0.slice") - 1 || strncmp(part, "user-", 5) || part[5] < '0' ||
	    part[5] > '9')
		return UINT32_MAX;
	uid = strtoul(part + 5, &end, 10);
	return end + 6 == part + n && !strncmp(end, ".slice", 6) && uid < UINT32_MAX ? (uint32_t)uid
										     : UINT32_MAX;
}

static bool is_mixed(const char *part, size_t n)
{
	static const char *const services[] = {"ssh.service", "sshd.service", "cron.service",
					       "crond.service", "atd.service"};

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (n == strlen(services[i]) && !memcmp(part, services[i], n))
			return true;
	return false;
}

/* FNV-1a: any hash does, as no user chooses these names. */
static uint32_t number_of(const char *path, size_t n)
{
	uint32_t hash = 0x811c9dc5;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)path[i]) * 0x01000193;
	return hash ? hash : 1;
}

struct process_place process_place_of(const char *path, size_t root_bytes)
{
	struct process_place place = {0};
	size_t at = 0, n, end = strnlen(path, root_bytes);

	while (end && path[end - 1] == '/')
		end--;
	if (!end || *path != '/')
		return place;
	for (; at < end; at += n) {
		uint32_t uid;

		at += strspn(path + at, "/");
		n = strcspn(path + at, "/");
		n = n < end - at ? n : end - at;
		uid = login_of(path + at, n);
		if (uid != UINT32_MAX)
			return (struct process_place){.login = uid};
		place.mixed = is_mixed(path + at, n);
	}
	place.unit = number_of(path, end);
	return place;
}

uint32_t process_place_user(const struct process_place *place, uint32_t uid)
{
	return uid && place->login ? place->login : uid;
}
