// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tables of keys, values and tokens. To add a kind of secret, add a row here (an option of one
 * program: redact_tools.c) and one in tests/fixtures/redact/, also for text that must stay visible.
 */
#include "redact_rules.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

#define KEY_MAX 128 /* normalised; of a longer key only the end is matched */

/* Keys are normalised first: "DB_Password2" and "dbPassword2" are "-db-password-", "API_KEY" is
 * "-api-key-". */

/* clang-format off: lists of words */

/* Anywhere in a key. */
static const char *const strong[] = {
	"password",
	"passwd",
	"passphrase",
	"passcode",
	"apikey",
	"api-key-",
	"accesskey",
	"access-key-",
	"privatekey",
	"private-key-",
	"secretkey",
	"secret-",
	"secrets-",
	"token-",
	"credential-",
	"credentials-",
	"credential",
	"encryption-key-",
	"signing-key-",
	"master-key-",
	"auth-key-",
	"authkey-",
	"account-key-",
	"shared-key-",
	"storage-key-",
	"session-id-",
	"sessionid-",
	"sessid-",
	"license-key-",
	"licence-key-",
	"jwt-",
	"hmac-",
	"psk-",
	"mnemonic-",
	"passwort-",
	"kennwort-",
	"de-passe-",
	"motdepasse-",
	"contraseña-",
	"contrasena-",
	"senha-",
	"cookie-",
	"presharedkey-",
	"preshared-key-",
	"certificate-key-",
	"nodekeyhex-",
	"requirepass-",
	"masterauth-",
	"conversion-secret-",
};

/* Only as the key's last word. */
static const char *const last[] = {
	"pass", "pwd",       "passw", "pw",  "authorization", "bearer", "cookies",
	"pat",  "cred",      "creds", "otp", "secret",        "token",  "webhook-url",
	"sas",  "passwords", "pswd",  "psw", "auth",
};

/* The same, if the value looks random. */
static const char *const weak[] = {
	"key",       "session", "seed",   "pin",  "license", "licence",    "sid",       "signature",
	"sig",       "salt",    "login",  "dsn",  "nonce",   "tokens",     "hash",      "webhook",
	"community", "encrypt", "unseal", "keys", "code",    "session-id", "sessionid",
};

/* A key with such an end is about a secret and holds none. */
static const char *const about[] = {
	"file",       "path",       "dir",        "directory",    "ttl",       "timeout",
	"name",       "uri",        "url",        "mode",         "method",    "methods",
	"type",       "policy",     "length",     "len",          "size",      "count",
	"expiry",     "expiration", "expires",    "lifetime",     "stdin",     "sock",
	"socket",     "enabled",    "disabled",   "required",     "prompt",    "provider",
	"driver",     "store",      "manager",    "algorithm",    "alg",       "format",
	"prefix",     "header",     "issuer",     "audience",     "endpoint",  "host",
	"port",       "class",      "ref",        "version",      "interval",  "limit",
	"max",        "min",        "fd",         "server",       "plugin",    "service",
	"webhook",    "keytab",     "domain",     "rotation",     "namespace", "jar",
	"secure",     "helper",     "command",    "cmd",          "mount",     "field",
	"column",     "env",        "user",       "id-attribute", "hint",      "strength",
	"check",      "changed",    "expired",    "label",        "attempts",  "keys-only",
	"per-second", "samesite",   "encoding",   "source",       "arn",       "list",
	"refresh",    "expire",     "duration",   "period",       "age",       "grace",
	"retries",    "retry",      "delay",      "scope",        "scopes",    "realm",
	"group",      "role",       "claim",      "status",       "state",     "index",
	"bits",       "rounds",     "iterations", "cost",         "generator", "validator",
	"backend",    "template",   "regex",      "pattern",      "uses",      "seconds",
	"minutes",    "hours",      "days",       "encryption",   "lookup",    "renewal",
	"hasher",     "identity",   "handler",    "factory",      "resolver",  "verifier",
	"checker",    "module",     "library",    "digits",       "depth",     "threshold",
	"queue",      "topic",      "table",      "schema",       "cache",     "pool",
	"threads",    "workers",    "level",      "review",       "reviewer",  "exchange",
	"history",    "broker",     "authority",  "location",     "alias",     "flags",
	"slot",       "slots",      "usage",      "strategy",     "window",    "frequency",
	"delimiter",  "separator",  "quality",    "support",      "options",   "weight",
	"eval",
};

static const char *const about_more[] = {"user-signing-key", "user-signingkey", "load-credential",
					 "load-credential-encrypted", "passwordeval"};

/* Never, as they stand. */
static const char *const never[] = {"PWD", "OLDPWD"};

/* The same, normalised, anywhere in a key. */
static const char *const no_keys[] = {"-public-key-",   "-xdg-session-id-", "-existing-secret-",
				      "-password-key-", "-secret-key-ref-", "-getpass-",
				      "-secret-id-",    "-cluster-token-"};

/* Ends of a last word that is no word of its own: SSHPASS, storepass, upw; and those that only
 * look like it. */
static const char *const ends[] = {"pass",     "pwd",    "passwd", "password", "authtoken",
				   "apitoken", "secret", "token",  "opw",      "upw"};
static const char *const no_ends[] = {"bypass",  "compass",  "encompass", "trespass",
				      "surpass", "overpass", "underpass", "multipass",
				      "twopass", "onepass",  "firstpass", "getpass"};

static const char *const harmless[] = {
	"true",     "false",     "yes",      "no",       "on",        "off",      "none",
	"null",     "nil",       "-",        "always",   "on_create", "never",    "md5",
	"sha1",     "sha256",    "sha384",   "sha512",   "argon2",    "argon2id", "bcrypt",
	"scrypt",   "enabled",   "disabled", "optional", "required",  "auto",     "default",
	"basic",    "digest",    "plain",    "stdin",    "prompt",    "xxx",      "any",
	"oauth",    "oauth2",    "oidc",     "ldap",     "pam",       "saml",     "jwt",
	"kerberos", "gssapi",    "local",    "internal", "token",     "cert",     "login",
	"simple",   "negotiate", "ntlm",     "bearer",   "*",         "!",        "undefined",
};

/* How a value begins that says where the secret is, or stands in for one. */
static const char *const elsewhere[] = {
	"/run/",   "/etc/",      "/var/", "/home/", "/root/",    "/usr/",  "/opt/", "/tmp/",
	"/srv/",   "/mnt/",      "/dev/", "/proc/", "/secrets/", "/data/", "/app/", "/config/",
	"/certs/", "/keys/",     "./",    "../",    "~/",        "file:",  "env:",  "fd:",
	"@/",      "@.",         "arn:",  "alias/", "${",        "{{",     "$(",    "%s",
	"%(",      "%{",         "***",   ".*",     "[^",        "<",      "id=",   "vault:",
	"op://",   "secretref:", "ssh-",
};

/* Endings of a file's name. */
static const char *const files[] = {
	".pem", ".key", ".crt",        ".cer",   ".json", ".yaml", ".yml", ".txt", ".p12",
	".pfx", ".jks", ".conf",       ".cfg",   ".ini",  ".toml", ".pub", ".asc", ".gpg",
	".db",  ".env", ".properties", ".creds", ".jwt",  ".csv",  ".xml"};

static const char *const announcing[] = {"password",
					 "passphrase",
					 "pw",
					 "psk",
					 "bearer",
					 "requirepass",
					 "masterauth",
					 "private-key",
					 "preshared-key",
					 "authtoken",
					 "auth-token",
					 "add-authtoken",
					 "api-key",
					 "apikey",
					 "access-key",
					 "secret-key",
					 "input_pw",
					 "user_pw",
					 "owner_pw",
					 "wifi-sec.psk",
					 "802-11-wireless-security.psk",
					 "authorization",
					 "authorization:",
					 "walletpassphrase",
					 "importprivkey",
					 "set-password",
					 "add-password",
					 "reset-admin-password",
					 "set-initial-password",
					 "login-password"};

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define WORD  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define LOWER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static const struct {
	const char *prefixes, *charset; /* prefixes: blanks around each */
	size_t least;                   /* characters after the prefix */
} tokens[] = {
	{" AKIA ASIA ABIA ACCA LTAI AKID ", LOWER, 12},
	{" ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ ", WORD, 20},
	{" glpat- glrt- gloas- gldt- glptt- glcbt- glsoat- glft- glagent- glimt- ", WORD ".", 15},
	{" xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxe. xapp- xoxc- xoxd- ", WORD, 15},
	{" sk_live_ sk_test_ rk_live_ rk_test_ whsec_ dckr_pat_ dckr_oat_ sq0atp- sq0csp- sq0idp- ",
	 WORD, 15},
	{" sk- gsk_ pplx- hf_ r8_ nvapi- ntn_ secret_ shpat_ shpss_ shpca_ shppa_ tskey- ", WORD,
	 18},
	{" lin_api_ sntrys_ sntryu_ glsa_ glc_ ops_ sbp_ figd_ PMAK- NRAK- pul- rnd_ CFPAT- dapi ",
	 WORD, 20},
	{" hvs. hvb. hvr. ya29. dp.st. dp.pt. dp.ct. dop_v1_ doo_v1_ dor_v1_ ATATT3 ATCTT3 ",
	 WORD ".", 18},
	{" AIza npm_ pypi- SG. tfp_ EAAC FlyV1 fo1_ 1// ", WORD ".", 28},
	{" s. key- ", LOWER, 18},
	{" AGE-SECRET-KEY-1 ", UPPER, 20},
	{" SWMTKN-1- ", WORD, 6},
	{" $2a$ $2b$ $2y$ $6$ $5$ $y$ $argon2id$ $argon2i$ ", LOWER "./$,=+", 20},
	{" eyJ ", WORD ".=", 30}, /* a JSON object in base64: JWT */
};

/* clang-format on */

bool redact_is(const char *word, size_t n, const char *what)
{
	return strlen(what) == n && !strncasecmp(word, what, n);
}

static bool listed(const char *const *list, size_t n, const char *text, size_t length)
{
	for (size_t i = 0; i < n; i++)
		if (redact_is(text, length, list[i]))
			return true;
	return false;
}

static bool is_letter(unsigned char c) { return isalpha(c) || c >= 0x80; }

/* passw0rd, P4SSWORD: a digit between letters that is read as one. */
static unsigned char read_as_letter(const char *key, size_t n, size_t i)
{
	static const char digits[] = "013457", letters[] = "oieast";
	const char *digit = memchr(digits, key[i], sizeof(digits) - 1);

	if (!digit || !i || i + 1 >= n || !is_letter((unsigned char)key[i - 1]) ||
	    !is_letter((unsigned char)key[i + 1]))
		return 0;
	return (unsigned char)letters[digit - digits];
}

/* Words in lower case, each followed by '-' and the first preceded by one; camelCase and digits end
 * a word. */
static void normalise(const char *key, size_t n, bool leet, char word[KEY_MAX + 2])
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

		if (leet && isdigit(c) && read_as_letter(key, n, i))
			c = read_as_letter(key, n, i);
		if (isupper(c) && (islower(before) || (isupper(before) && islower(after))) &&
		    word[used - 1] != '-')
			word[used++] = '-';
		if (is_letter(c))
			word[used++] = (char)tolower(c);
		else if (word[used - 1] != '-')
			word[used++] = '-';
	}
	if (word[used - 1] != '-')
		word[used++] = '-';
	word[used] = 0;
}

/* Whether the normalised key ends in `end`, which is one word or several. */
static bool ends_in(const char *word, const char *end)
{
	size_t n = strlen(word), m = strlen(end);

	return n >= m + 2 && word[n - m - 2] == '-' && !strncmp(word + n - m - 1, end, m);
}

static bool ends_with(const char *text, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && !strncasecmp(text + n - m, end, m);
}

static bool any_end(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (ends_in(word, list[i]))
			return true;
	return false;
}

static bool is_about(const char *word)
{
	return any_end(about, ARRAY_SIZE(about), word) ||
	       any_end(about_more, ARRAY_SIZE(about_more), word);
}

static enum redact_key_class class_of(const char *word)
{
	size_t length = strlen(word);

	if (any_end(last, ARRAY_SIZE(last), word))
		return KEY_STRONG;
	if (is_about(word) || (length > 5 && !strcmp(word + length - 5, "file-")))
		return KEY_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(strong); i++)
		if (strstr(word, strong[i]))
			return KEY_STRONG;
	if (!any_end(no_ends, ARRAY_SIZE(no_ends), word))
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
			if (ends_with(word, length - (length > 1), ends[i]))
				return KEY_STRONG;
	return any_end(weak, ARRAY_SIZE(weak), word) ? KEY_WEAK : KEY_NONE;
}

enum redact_key_class redact_key(const char *key, size_t n)
{
	char word[KEY_MAX + 2];
	enum redact_key_class class;

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strlen(never[i]) == n && !memcmp(never[i], key, n))
			return KEY_NONE;
	normalise(key, n, false, word);
	if (!strncmp(word, "-no-", 4)) /* a switch: --no-session-id */
		return KEY_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(no_keys); i++)
		if (strstr(word, no_keys[i]))
			return KEY_NONE;
	class = class_of(word);
	if (class == KEY_STRONG)
		return class;
	normalise(key, n, true, word);
	return class_of(word) == KEY_STRONG ? KEY_STRONG : class;
}

bool redact_about(const char *key, size_t n)
{
	char word[KEY_MAX + 2];

	normalise(key, n, false, word);
	return is_about(word);
}

bool redact_only(const char *value, size_t n, const char *characters)
{
	for (size_t i = 0; i < n; i++)
		if (!value[i] || !strchr(characters, value[i]))
			return false;
	return true;
}

bool redact_is_figure(const char *value, size_t n)
{
	size_t digits = 0;

	while (digits < n && isdigit((unsigned char)value[digits]))
		digits++;
	return digits && digits < 7 && n - digits <= 2 &&
	       redact_only(value + digits, n - digits, "smhdwyKMGi");
}

size_t redact_token(const char *text, size_t n, bool open)
{
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
		for (const char *at = tokens[i].prefixes + 1; *at; at = strchr(at, ' ') + 1) {
			size_t m = strcspn(at, " "), length = m;

			if (text[0] != at[0] || n < m || memcmp(text, at, m))
				continue;
			while (length < n && text[length] &&
			       strchr(tokens[i].charset, text[length]))
				length++;
			if (length - m >= tokens[i].least && (m > 2 || length < 60))
				return length;
			if (open && length == n && m > 2 && length - m >= 4)
				return length;
		}
	return 0;
}

bool redact_harmless(const char *value, size_t n)
{
	size_t same = 1;

	if (n < 4 && redact_only(value, n, "0123456789"))
		return true;
	if (!n || listed(harmless, ARRAY_SIZE(harmless), value, n))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++)
		if (n > strlen(elsewhere[i]) && !memcmp(value, elsewhere[i], strlen(elsewhere[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (n > strlen(files[i]) && ends_with(value, n, files[i]) &&
		    !memchr(value, ':', n) && !memchr(value, '=', n))
			return true;
	/* a figure among several: pass=1:stats=log */
	if (n > 3 && isdigit((unsigned char)value[0]) && value[1] == ':' && memchr(value, '=', n))
		return true;
	while (same < n && value[same] == value[0])
		same++;
	for (size_t i = same; i < n; i++)
		if (isalnum((unsigned char)value[i]))
			return false;
	return same > 2 && strchr("xX*.", value[0]); /* xxxx, **** */
}

bool redact_is_name(const char *value, size_t n)
{
	size_t i = 0;

	while (i < n && (islower((unsigned char)value[i]) || strchr("-_.,;:!?/", value[i])))
		i++;
	while (i > 0 && i < n && isdigit((unsigned char)value[i]))
		i++;
	return i == n;
}

/* Changes between lower case, upper case, digits and others, and how many of each there are. */
static size_t changes(const char *value, size_t n, size_t count[4])
{
	size_t changed = 0;
	int before = -1;

	memset(count, 0, 4 * sizeof(*count));
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)value[i];
		int kind = islower(c) ? 0 : isupper(c) ? 1 : isdigit(c) ? 2 : 3;

		count[kind]++;
		changed += before >= 0 && kind != before;
		before = kind;
	}
	return changed;
}

bool redact_random(const char *value, size_t n)
{
	size_t count[4], changed = changes(value, n, count);
	bool inside = false;

	for (size_t i = 0; i + 1 < n; i++)
		inside |= isdigit((unsigned char)value[i]) && isalpha((unsigned char)value[i + 1]);
	if (n < 6 || !count[2] || !(count[0] + count[1]) || memchr(value, '/', n))
		return false;
	if (!inside &&
	    !(count[3] && changed >= 3 && (memchr(value, '!', n) || memchr(value, '$', n))))
		return false;
	return (count[1] && !memchr(value, '.', n)) || (n >= 16 && changed >= 4 && !count[3]);
}

/* How many characters are in runs of four or more lower-case letters: words. In random text that is one in 13. */
static size_t in_words(const char *value, size_t n)
{
	size_t all = 0, run = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && islower((unsigned char)value[i])) {
			run++;
			continue;
		}
		all += run >= 4 ? run : 0;
		run = 0;
	}
	return all;
}

/* The id of an OpenPGP key, or its fingerprint. */
bool redact_is_key_id(const char *value, size_t n)
{
	return (n == 8 || n == 16 || n == 40) && redact_only(value, n, "0123456789ABCDEF");
}

bool redact_base64(const char *value, size_t n)
{
	size_t count[4], changed = changes(value, n, count);

	return n >= 32 && in_words(value, n) * 10 < n * 3 && n <= 512 && count[0] && count[1] &&
	       count[2] >= 2 && changed * 5 >= n * 2 && strncmp(value, "sha", 3) != 0;
}

enum redact_key_class redact_announces(const char *word, size_t n)
{
	if (redact_is(word, n, "basic"))
		return KEY_WEAK;
	return listed(announcing, ARRAY_SIZE(announcing), word, n) ? KEY_STRONG : KEY_NONE;
}
