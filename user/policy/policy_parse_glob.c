// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Globs compared with each other, without a text to match. */
#include "policy_parse.h"

#include <fnmatch.h>
#include <string.h>

const char *glob_token(const char *at)
{
	if (*at == '\\')
		return at[1] ? at + 2 : NULL;
	if (*at != '[')
		return at + 1;
	at += at[1] == '!' || at[1] == '^' ? 2 : 1;
	at = *at ? strchr(at + 1, ']') : NULL; /* one that comes first is a member */
	return at ? at + 1 : NULL;
}

bool glob_plain(const char *glob) { return !glob[strcspn(glob, "*?[\\")]; }

size_t glob_least(const char *glob)
{
	size_t n = 0;

	for (; *glob; glob = glob_token(glob))
		n += *glob != '*';
	return n;
}

/* Whether one token of the wider glob matches all that one token of the other matches. */
static bool token_covers(const char *wide, const char *token)
{
	char set[POLICY_PARSE_GLOB + 1], one[2] = {0};
	size_t bytes = (size_t)(glob_token(wide) - wide);

	if (*token == '*')
		return false; /* only a * covers it, and the caller handles that */
	if (*wide == '?')
		return true;
	if (bytes == (size_t)(glob_token(token) - token) && !memcmp(wide, token, bytes))
		return true;
	if (*token == '?' || *token == '[' || bytes >= sizeof(set))
		return false;
	one[0] = *token == '\\' ? token[1] : *token;
	memcpy(set, wide, bytes);
	set[bytes] = 0;
	return !fnmatch(set, one, 0);
}

/* Wildcard matching with the tokens of `glob` as letters: backtracks to the last * on a mismatch. */
bool glob_covers(const char *wide, const char *glob)
{
	const char *star = NULL, *from = NULL;

	while (*glob) {
		if (*wide == '*') {
			star = ++wide;
			from = glob;
		} else if (*wide && token_covers(wide, glob)) {
			wide = glob_token(wide);
			glob = glob_token(glob);
		} else if (star) {
			wide = star;
			from = glob = glob_token(from);
		} else {
			return false;
		}
	}
	while (*wide == '*')
		wide++;
	return !*wide;
}
