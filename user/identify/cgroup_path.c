// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Parses cgroup paths: components, ids, pod uids. It matches the content of a component, never the
 * start of the path: container hosts can be nested in each other's cgroups. Never touches a file.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"

void path_split(const char *text, struct path *ret)
{
	char *at;

	identity_copy(ret->whole, sizeof(ret->whole), text, strnlen(text, sizeof(ret->whole)));
	memcpy(ret->text, ret->whole, sizeof(ret->text));
	ret->parts = 0;
	at = ret->text;
	while (*at) {
		char *end = strchrnul(at, '/');
		bool more = *end;

		*end = 0;
		if (end > at)
			ret->part[ret->parts++] = at;
		at = end + more;
	}
}

const char *path_below(const struct path *path, int i)
{
	return path->whole + (path->part[i] - path->text) + strlen(path->part[i]);
}

bool path_of_host(const struct path *path, int i)
{
	while (--i >= 0)
		if (!part_ends(path->part[i], ".slice") || part_uid(path->part[i]))
			return false;
	return true;
}

void identity_copy(char *to, size_t to_bytes, const char *from, size_t n)
{
	if (n >= to_bytes)
		n = to_bytes - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

static size_t hex_digits(const char *text, size_t most)
{
	size_t n = 0;

	while (n < most && isxdigit((unsigned char)text[n]) && !isupper((unsigned char)text[n]))
		n++;
	return n;
}

bool part_is_id(const char *part)
{
	return hex_digits(part, IDENTITY_ID_HEX) == IDENTITY_ID_HEX && !part[IDENTITY_ID_HEX];
}

bool part_tagged(const char *part, const char *tag, char *ret_id)
{
	for (const char *at = part; (at = strstr(at, tag)); at++) {
		const char *id = at + strlen(tag);

		if (hex_digits(id, IDENTITY_ID_HEX) != IDENTITY_ID_HEX)
			continue;
		if (id[IDENTITY_ID_HEX] && strcmp(id + IDENTITY_ID_HEX, ".scope"))
			continue;
		identity_copy(ret_id, OPEN_ID, id, IDENTITY_ID_HEX);
		return true;
	}
	return false;
}

size_t pod_uid_at(const char *text, char ret_uid[37])
{
	static const uint8_t group[] = {8, 4, 4, 4, 12};
	const char *at = text;

	if (hex_digits(text, 32) == 32) { /* a static pod: the hash of its manifest */
		if (isxdigit((unsigned char)text[32]))
			return 0;
		identity_copy(ret_uid, 37, text, 32);
		return 32;
	}
	for (size_t i = 0; i < sizeof(group); i++) {
		if (i && *at != '-' && *at != '_')
			return 0;
		at += i > 0;
		if (hex_digits(at, group[i]) != group[i])
			return 0;
		at += group[i];
	}
	if (isxdigit((unsigned char)*at))
		return 0;
	identity_copy(ret_uid, 37, text, 36);
	for (char *c = ret_uid; *c; c++)
		if (*c == '_')
			*c = '-';
	return 36;
}

bool part_is_pod(const char *part, bool inside, char ret_uid[37])
{
	const char *at;
	size_t n;

	if (!strncmp(part, "pod", 3)) { /* cgroupfs driver: podP */
		n = pod_uid_at(part + 3, ret_uid);
		if (n && !part[3 + n])
			return true;
	}
	at = strstr(part, "kubepods"); /* systemd driver: [kubelet-]kubepods[-qos]-podP.slice */
	if (!at || !(at = strstr(at, "-pod")))
		return false;
	n = pod_uid_at(at + 4, ret_uid);
	if (!n)
		return false;
	at += 4 + n;
	return inside ? !strncmp(at, ".slice", 6) : !strcmp(at, ".slice");
}

bool part_ends(const char *part, const char *suffix)
{
	size_t n = strlen(part), m = strlen(suffix);

	return n > m && !strcmp(part + n - m, suffix);
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

char escaped_byte(const char *from, size_t n)
{
	if (n < ESCAPE_BYTES || from[0] != '\\' || from[1] != 'x' ||
	    !isxdigit((unsigned char)from[2]) || !isxdigit((unsigned char)from[3]))
		return 0;
	return (char)(hex_value(from[2]) << 4 | hex_value(from[3]));
}

void part_unescape(const char *from, char *to, size_t to_bytes)
{
	size_t n = 0;

	while (*from && n + 1 < to_bytes) {
		char byte = escaped_byte(from, strnlen(from, ESCAPE_BYTES));

		to[n++] = byte ? byte : *from;
		from += byte ? ESCAPE_BYTES : 1;
	}
	to[n] = 0;
}

unsigned int part_uid(const char *part)
{
	char *end;
	unsigned long uid;

	if (strncmp(part, "user-", 5) && strncmp(part, "user@", 5))
		return 0;
	if (!isdigit((unsigned char)part[5]))
		return 0;
	uid = strtoul(part + 5, &end, 10);
	return (!strcmp(end, ".slice") || !strcmp(end, ".service")) && uid < UINT32_MAX
		       ? (unsigned int)uid
		       : 0;
}
