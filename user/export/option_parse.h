/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Parsers for struct sink_key: convert text to the value at `at`. 0, or -errno and `at` unchanged. */
#ifndef HEADROOM_EXPORT_OPTION_PARSE_H
#define HEADROOM_EXPORT_OPTION_PARSE_H

#include <stdint.h>
#include <sys/socket.h>

struct parse_address { /* numeric; IPv6 in brackets */
	char text[64];
	struct sockaddr_storage address;
};

int parse_address(const char *text,
		  void *at); /* struct parse_address; "9477" alone is a port on loopback */
int parse_bool(const char *text, void *at);     /* bool: true, false, yes, no, on, off */
int parse_count(const char *text, void *at);    /* uint64_t, 1 to 10^9 */
int parse_bytes(const char *text, void *at);    /* uint64_t, above 0 */
int parse_duration(const char *text, void *at); /* uint64_t ms, above 0 */
int parse_text(const char *text, void *at);     /* char[EXPORT_TEXT], not empty */
int parse_line(const char *text, void *at);     /* char[EXPORT_TEXT]: adds a line without blanks */
int parse_path(const char *text, void *at);     /* char[EXPORT_TEXT], absolute */
int parse_url(const char *text, void *at);      /* char[EXPORT_TEXT], http:// or https:// */
int parse_type(const char *text, void *at);     /* uint32_t: sets the bit of one event type */
int parse_severity(const char *text, void *at); /* uint32_t */
int parse_queue(const char *text, void *at);    /* uint32_t, 1 to 1,000,000 */

#endif
