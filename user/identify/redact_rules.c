// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tables behind redact.c. To add a kind of secret, add a row here and one in
 * tests/unit/test_redact.c, also for text that must stay visible.
 */
#include "redact_rules.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "redact.h"

#define KEY_MAX 128 /* normalised; of a longer key only the end is matched */

/* Keys are normalised first: "DB_Password2" and "dbPassword2" are "-db-password-", "API_KEY" is
 * "-api-key-". */

/* clang-format off: lists of words */

/* Anywhere in a key. */
static const char *const strong[] = {
	"password",     "passwd",     "passphrase",      "passcode",     "apikey",
	"api-key-",     "accesskey",  "access-key-",     "privatekey",   "private-key-",
	"secretkey",    "secret-",    "secrets-",        "token-",       "credential-",
	"credentials-", "credential", "encryption-key-", "signing-key-", "master-key-",
	"auth-key-",    "authkey-",   "account-key-",    "shared-key-",  "storage-key-",
	"session-id-",  "sessionid-", "sessid-",
};

/* Only as the key's last word. */
static const char *const weak[] = {
	"pass",    "pwd",         "passw",      "dbpass", "userpass",   "adminpass",     "rootpass",
	"mypass",  "requirepass", "masterpass", "auth",   "masterauth", "authorization", "bearer",
	"session", "cookie",      "cookies",    "psk",    "pat",        "webhook-url",   "dsn",
};

/* A key with such an end is about a secret and holds none. */
static const char *const about[] = {
	"file",     "path",     "dir",       "directory", "ttl",      "timeout",    "name",
	"uri",      "url",      "mode",      "method",    "methods",  "type",       "policy",
	"length",   "len",      "size",      "count",     "expiry",   "expiration", "expires",
	"lifetime", "stdin",    "sock",      "socket",    "enabled",  "disabled",   "required",
	"prompt",   "provider", "driver",    "store",     "manager",  "algorithm",  "alg",
	"format",   "prefix",   "header",    "issuer",    "audience", "endpoint",   "host",
	"port",     "class",    "ref",       "version",   "interval", "limit",      "max",
	"min",      "fd",       "server",    "plugin",    "service",  "webhook",    "keytab",
	"domain",   "rotation", "namespace",
};

/* Never, as they stand. */
static const char *const never[] = {"PWD", "OLDPWD"};

static const char *const harmless[] = {
	"true",     "false",    "yes",  "no",      "on",    "off",     "none",
	"null",     "nil",      "0",    "1",       "-",     "enabled", "disabled",
	"optional", "required", "auto", "default", "basic", "digest",  "plain",
};

static const char *const announcing[] = {"bearer", "requirepass", "masterauth"};

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define WORD  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

static const struct {
	const char *prefix, *charset;
	size_t least; /* characters after the prefix */
} tokens[] = {
	{"AKIA", UPPER, 16},
	{"ASIA", UPPER, 16},
	{"ghp_", WORD, 20},
	{"gho_", WORD, 20},
	{"ghu_", WORD, 20},
	{"ghs_", WORD, 20},
	{"ghr_", WORD, 20},
	{"github_pat_", WORD, 20},
	{"glpat-", WORD, 16},
	{"glrt-", WORD, 16},
	{"xoxb-", WORD, 16},
	{"xoxp-", WORD, 16},
	{"xoxa-", WORD, 16},
	{"xoxr-", WORD, 16},
	{"xoxs-", WORD, 16},
	{"xapp-", WORD, 16},
	{"sk-", WORD, 20},
	{"sk_live_", WORD, 16},
	{"sk_test_", WORD, 16},
	{"rk_live_", WORD, 16},
	{"AIza", WORD, 30},
	{"ya29.", WORD, 20},
	{"npm_", WORD, 30},
	{"pypi-", WORD, 30},
	{"dop_v1_", WORD, 30},
	{"hvs.", WORD, 20},
	{"SG.", WORD ".", 30},
	{"dckr_pat_", WORD, 16},
	{"eyJ",
	 WORD "."
	      "=",
	 30}, /* a JSON object in base64: JWT */
};

static const struct secret_option options[] = {
	{" mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlslap mysqlsh mycli"
	 " mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check 7z 7za 7zr ",
	 "-p", OPTION_ATTACHED, 0},
	{" sshpass mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat mongotop"
	 " rabbitmqadmin cqlsh rdesktop login ncftp ",
	 "-p", OPTION_BOTH, 0},
	{" sqlcmd bcp tsql zip unzip ipmitool mosquitto_pub mosquitto_sub ", "-P", OPTION_BOTH, 0},
	{" redis-cli valkey-cli keydb-cli ", "-a", OPTION_BOTH, 0},
	{" curl ", "-u", OPTION_BOTH, ':'},
	{" curl ", "--user", OPTION_SEPARATE, ':'},
	{" curl ", "--user=", OPTION_ATTACHED, ':'},
	{" curl ", "-U", OPTION_BOTH, ':'},
	{" curl ", "--proxy-user", OPTION_SEPARATE, ':'},
	{" curl ", "-b", OPTION_SEPARATE, 0},
	{" smbclient ", "-U", OPTION_BOTH, '%'},
	{" lftp ", "-u", OPTION_BOTH, ','},
	{" ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd ", "-w", OPTION_BOTH, 0},
	{" plink pscp psftp ", "-pw", OPTION_SEPARATE, 0},
	{" snmpwalk snmpget ", "-A", OPTION_SEPARATE, 0},
	{" snmpwalk snmpget ", "-X", OPTION_SEPARATE, 0},
	{" openssl ", "pass:", OPTION_ATTACHED, 0},
	{" openssl ", "-k", OPTION_SEPARATE, 0},
	{" openssl ", "-K", OPTION_SEPARATE, 0},
	{" xfreerdp ", "/p:", OPTION_ATTACHED, 0},
};

/* clang-format on */

static bool listed(const char *const *list, size_t n, const char *text, size_t length)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == length && !strncasecmp(list[i], text, length))
			return true;
	return false;
}

/* Words in lower case, each followed by '-' and the first preceded by one; camelCase and digits end
 * a word. */
static void normalise(const char *key, size_t n, char word[KEY_MAX + 2])
{
	size_t used = 0;

	if (n > KEY_MAX / 2) {
		key += n - KEY_MAX / 2;
		n = KEY_MAX / 2;
	}
	word[used++] = '-';
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)key[i], before = i ? (unsigned char)key[i - 1] : 0;
		unsigned char after = i + 1 < n ? (unsigned char)key[i + 1] : 0;

		if (isupper(c) && (islower(before) || (isupper(before) && islower(after))) &&
		    word[used - 1] != '-')
			word[used++] = '-';
		if (isalpha(c))
			word[used++] = (char)tolower(c);
		else if (word[used - 1] != '-')
			word[used++] = '-';
	}
	if (word[used - 1] != '-')
		word[used++] = '-';
	word[used] = 0;
}

/* Whether the normalised key ends in `last`, which is one word or several. */
static bool ends_in(const char *word, const char *last)
{
	size_t n = strlen(word), m = strlen(last);

	return n >= m + 2 && word[n - m - 2] == '-' && !strncmp(word + n - m - 1, last, m);
}

bool redact_smells(const char *key, size_t n)
{
	char word[KEY_MAX + 2];
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strlen(never[i]) == n && !memcmp(never[i], key, n))
			return false;
	normalise(key, n, word);
	length = strlen(word);
	for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
		if (ends_in(word, weak[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(about); i++)
		if (ends_in(word, about[i]))
			return false;
	if (length > 5 && !strcmp(word + length - 5, "file-"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(strong); i++)
		if (strstr(word, strong[i]))
			return true;
	return false;
}

size_t redact_token(const char *text, size_t n, bool open)
{
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		size_t m = strlen(tokens[i].prefix), length = m;

		if (n < m || memcmp(text, tokens[i].prefix, m))
			continue;
		while (length < n && text[length] && strchr(tokens[i].charset, text[length]))
			length++;
		if (length - m >= tokens[i].least || (open && length == n && length - m >= 4))
			return length;
	}
	return 0;
}

bool redact_harmless(const char *value, size_t n)
{
	return !n || listed(harmless, ARRAY_SIZE(harmless), value, n);
}

bool redact_announces(const char *word, size_t n)
{
	return listed(announcing, ARRAY_SIZE(announcing), word, n);
}

static bool names_program(const char *programs, const char *name, size_t n)
{
	for (const char *at = programs; (at = strchr(at, ' ')) && at[1]; at++)
		if (!strncmp(at + 1, name, n) && at[1 + n] == ' ')
			return true;
	return false;
}

const char *redact_program(const char *word, size_t n)
{
	const char *slash = memrchr(word, '/', n);

	if (slash) {
		n -= (size_t)(slash + 1 - word);
		word = slash + 1;
	}
	if (!n || memchr(word, ' ', n))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		for (const char *at = options[i].programs; (at = strchr(at, ' ')) && at[1]; at++)
			if (!strncmp(at + 1, word, n) && at[1 + n] == ' ')
				return at + 1;
	return NULL;
}

const struct secret_option *redact_option(const char *program, const char *word, size_t n)
{
	const struct secret_option *best = NULL;

	if (!program)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t m = strlen(options[i].option);
		bool fits = (n == m && options[i].form & OPTION_SEPARATE) ||
			    (n > m && options[i].form & OPTION_ATTACHED);

		if (n < m || strncmp(word, options[i].option, m) || !fits)
			continue;
		if (names_program(options[i].programs, program, strcspn(program, " ")))
			best = &options[i];
	}
	return best;
}
