// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Parsers for the values of a sink's configuration. */
#include "option_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/human_units.h"
#include "export.h"

static int parse_port(const char *text, uint16_t *ret_port)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !port || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = htons((uint16_t)port);
	return 0;
}

int parse_address(const char *text, void *at)
{
	struct parse_address parsed = {0};
	struct sockaddr_in *v4 = (void *)&parsed.address;
	struct sockaddr_in6 *v6 = (void *)&parsed.address;
	const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
	char host[64] = "127.0.0.1";

	if (strlen(text) >= sizeof(parsed.text))
		return -EINVAL;
	strcpy(parsed.text, text);
	if (colon)
		snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (!strcmp(host, "localhost"))
		strcpy(host, "127.0.0.1");
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		v6->sin6_family = AF_INET6;
		if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) != 1 ||
		    parse_port(port, &v6->sin6_port))
			return -EINVAL;
	} else {
		v4->sin_family = AF_INET;
		if (inet_pton(AF_INET, host, &v4->sin_addr) != 1 || parse_port(port, &v4->sin_port))
			return -EINVAL;
	}
	*(struct parse_address *)at = parsed;
	return 0;
}

int parse_bool(const char *text, void *at)
{
	static const char *const words[2][3] = {{"false", "no", "off"}, {"true", "yes", "on"}};

	for (size_t value = 0; value < 2; value++)
		for (size_t i = 0; i < ARRAY_SIZE(words[0]); i++)
			if (!strcmp(text, words[value][i])) {
				*(bool *)at = value;
				return 0;
			}
	return -EINVAL;
}

static int parse_number(const char *text, uint64_t most, uint64_t *ret_n)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || !n || n > most)
		return -EINVAL;
	*ret_n = n;
	return 0;
}

int parse_count(const char *text, void *at) { return parse_number(text, 1000000000, at); }

int parse_queue(const char *text, void *at)
{
	uint64_t n;
	int err = parse_number(text, 1000000, &n);

	if (!err)
		*(uint32_t *)at = (uint32_t)n;
	return err;
}

int parse_bytes(const char *text, void *at)
{
	uint64_t bytes;
	int err = units_parse_bytes(text, &bytes);

	if (!err && !bytes)
		err = -EINVAL;
	if (!err)
		*(uint64_t *)at = bytes;
	return err;
}

int parse_duration(const char *text, void *at)
{
	uint64_t ms;
	int err = units_parse_duration_ms(text, &ms);

	if (!err && !ms)
		err = -EINVAL;
	if (!err)
		*(uint64_t *)at = ms;
	return err;
}

int parse_text(const char *text, void *at)
{
	if (!*text || strlen(text) >= EXPORT_TEXT)
		return -EINVAL;
	strcpy(at, text);
	return 0;
}

int parse_line(const char *text, void *at)
{
	size_t used = strlen(at);

	if (!*text || strpbrk(text, " \t\r\n") || used + strlen(text) + 2 > EXPORT_TEXT)
		return -EINVAL;
	snprintf((char *)at + used, EXPORT_TEXT - used, "%s%s", used ? "\n" : "", text);
	return 0;
}

int parse_path(const char *text, void *at) { return *text == '/' ? parse_text(text, at) : -EINVAL; }

int parse_url(const char *text, void *at)
{
	bool known = !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);

	return known ? parse_text(text, at) : -EINVAL;
}

int parse_type(const char *text, void *at)
{
	unsigned int type;
	int err = hr_event_type_parse(text, &type);

	if (!err)
		*(uint32_t *)at |= 1u << type;
	return err;
}

int parse_severity(const char *text, void *at)
{
	for (uint32_t i = 0; hr_severity_name(i); i++)
		if (!strcmp(text, hr_severity_name(i))) {
			*(uint32_t *)at = i;
			return 0;
		}
	return -EINVAL;
}
