// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What of a command line reaches the board: secrets don't, and everything else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "identify/redact.h"
#include "identify/redact_rules.h"

#define R REDACTED
/* Arguments are written with | between them. */
struct row {
	const char *args, *line;
};

static const struct row hidden[] = {
	/* options */
	{"app|--password=hunter2", "app --password=" R},
	{"app|--password|hunter2|--verbose", "app --password " R " --verbose"},
	{"app|--password|with some blanks|x", "app --password " R " x"},
	{"app|--password=with some blanks|x", "app \"--password=" R "\" x"},
	{"app|--db-passwd=x1|-v", "app --db-passwd=" R " -v"},
	{"app|-password|x1", "app -password " R},
	{"app|--token|abcdef", "app --token " R},
	{"app|--auth-token=abc=def==", "app --auth-token=" R},
	{"app|--api-key=12345", "app --api-key=" R},
	{"app|--apiKey=12345", "app --apiKey=" R},
	{"app|--client-secret=s3", "app --client-secret=" R},
	{"app|--secret-key-base=s3", "app --secret-key-base=" R},
	{"app|--private_key=abcd", "app --private_key=" R},
	{"app|--credentials=user1", "app --credentials=" R},
	{"app|--pass=pw", "app --pass=" R},
	{"app|--passphrase|pw", "app --passphrase " R},
	{"redis-server|--requirepass|pw", "redis-server --requirepass " R},
	{"redis-server|requirepass|pw", "redis-server requirepass " R},
	{"app|--session=3f9a1c77e02b4d58a6", "app --session=" R},
	{"app|--cookie=a=b", "app --cookie=" R},
	{"app|--set|auth.password=x,a=b", "app --set auth.password=" R},
	{"app|--from-literal=password=x", "app --from-literal=password=" R},
	/* environment style */
	{"env|DB_PASSWORD=hunter2|app", "env DB_PASSWORD=" R " app"},
	{"env|PGPASSWORD=hunter2|psql", "env PGPASSWORD=" R " psql"},
	{"env|MYSQL_PWD=x2|mysql", "env MYSQL_PWD=" R " mysql"},
	{"docker|run|-e|AWS_SECRET_ACCESS_KEY=abc/def+g|img",
	 "docker run -e AWS_SECRET_ACCESS_KEY=" R " img"},
	{"docker|run|--env=GITHUB_TOKEN=abc|img", "docker run --env=GITHUB_TOKEN=" R " img"},
	{"java|-Dspring.datasource.password=pw|-jar|a.jar",
	 "java -Dspring.datasource.password=" R " -jar a.jar"},
	{"app|SESSION_ID=77aa", "app SESSION_ID=" R},
	{"app|X_AUTH=zzz", "app X_AUTH=" R},
	/* programs */
	{"mysql|-uroot|-psecret|db", "mysql -uroot -p" R " db"},
	{"/usr/bin/mysqldump|-psecret|db", "/usr/bin/mysqldump -p" R " db"},
	{"docker|exec|db|mysql|-psecret", "docker exec db mysql -p" R},
	{"sshpass|-p|secret|ssh|host", "sshpass -p " R " ssh host"},
	{"sshpass|-psecret|ssh|host", "sshpass -p" R " ssh host"},
	{"redis-cli|-a|secret|ping", "redis-cli -a " R " ping"},
	{"curl|-u|joe:secret|http://h/", "curl -u joe:" R " http://h/"},
	{"curl|-ujoe:secret|http://h/", "curl -ujoe:" R " http://h/"},
	{"curl|--user|joe:secret|http://h/", "curl --user joe:" R " http://h/"},
	{"smbclient|-U|joe%secret|//h/s", "smbclient -U joe%" R " //h/s"},
	{"docker|login|-u|joe|-p|secret|reg.example", "docker login -u joe -p " R " reg.example"},
	{"ldapsearch|-w|secret|-x", "ldapsearch -w " R " -x"},
	{"openssl|enc|-pass|pass:secret", "openssl enc -pass " R},
	{"openssl|rsa|-passin|pass:secret", "openssl rsa -passin pass:" R},
	{"mongo|-u|a|-p|secret", "mongo -u a -p " R},
	{"7z|x|-psecret|a.7z", "7z x -p" R " a.7z"},
	{"sqlcmd|-S|h|-P|secret", "sqlcmd -S h -P " R},
	/* URLs */
	{"app|postgres://joe:secret@db:5432/x", "app postgres://joe:" R "@db:5432/x"},
	{"app|redis://:secret@cache:6379", "app redis://:" R "@cache:6379"},
	{"app|postgres://joe:p@ss@db/x", "app postgres://joe:" R "@db/x"},
	{"app|amqp://joe:p/ss@mq/x", "app amqp://joe:" R "@mq/x"},
	{"app|--url=https://joe:secret@h/p?q=1", "app --url=https://joe:" R "@h/p?q=1"},
	{"app|https://h/p?token=abc&x=1", "app https://h/p?token=" R "&x=1"},
	{"app|https://h/p?x=1&api_key=abc#frag", "app https://h/p?x=1&api_key=" R "#frag"},
	{"git|clone|https://0123456789abcdef0123456789abcdef@h/r", "git clone https://" R "@h/r"},
	{"app|joe:secret@tcp(db:3306)/x", "app joe:" R "@tcp(db:3306)/x"},
	{"app|Server=h;User=u;Password=s;Port=1", "app Server=h;User=u;Password=" R ";Port=1"},
	/* headers, JSON */
	{"curl|-H|Authorization: Bearer abc.def|http://h/",
	 "curl -H \"Authorization: " R "\" http://h/"},
	{"curl|-H|X-Api-Key:abc|http://h/", "curl -H X-Api-Key:" R " http://h/"},
	{"curl|--header|Cookie: sid=1; b=2|http://h/", "curl --header \"Cookie: " R "\" http://h/"},
	{"app|{\"user\":\"joe\",\"password\":\"s\",\"n\":1}",
	 "app {\"user\":\"joe\",\"password\":\"" R "\",\"n\":1}"},
	{"app|{\"token\": 12345, \"n\": 1}", "app '{\"token\": " R ", \"n\": 1}'"},
	{"app|Bearer|abc", "app Bearer " R},
	/* tokens by their own form */
	{"app|AKIAIOSFODNN7EXAMPLE", "app " R},
	{"app|--id=AKIAIOSFODNN7EXAMPLE", "app --id=" R},
	{"app|ghp_0123456789abcdefghijABCDEFGHIJ012345", "app " R},
	{"app|--x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl", "app --x=" R},
	{"app|xoxb-123456789012-abcdefghij", "app " R},
	{"app|sk-abcdefghijklmnopqrstuvwx", "app " R},
	{"app|-----BEGIN RSA PRIVATE KEY-----\nMIIE", "app " R},
	/* scripts */
	{"sh|-c|mysql -psecret db && PGPASSWORD=x psql -h db",
	 "sh -c \"mysql -p" R " db && PGPASSWORD=" R " psql -h db\""},
	{"bash|-lc|app --password 'two words' --port 1",
	 "bash -lc \"app --password '" R "' --port 1\""},
	{"sh|-c|curl -H \"Authorization: Bearer abc\" http://h/",
	 "sh -c 'curl -H \"Authorization: " R "\" http://h/'"},
	{"sh|-c|export TOKEN=abc; run", "sh -c \"export TOKEN=" R " run\""},
};

static const struct row shown[] = {
	{"nginx|-g|daemon off;", "nginx -g \"daemon off;\""},
	{"app|--port=8080|--host|0.0.0.0", "app --port=8080 --host 0.0.0.0"},
	{"app|--tokenizer=gpt2|--max-tokens|100", "app --tokenizer=gpt2 --max-tokens 100"},
	{"app|--author=joe|--authority|x", "app --author=joe --authority x"},
	{"app|--password-file=/run/secrets/db", "app --password-file=/run/secrets/db"},
	{"app|MYSQL_PASSWORD_FILE=/run/secrets/db", "app MYSQL_PASSWORD_FILE=/run/secrets/db"},
	{"docker|login|--password-stdin|reg.example", "docker login --password-stdin reg.example"},
	{"app|--token-ttl=3600|--session-timeout|30", "app --token-ttl=3600 --session-timeout 30"},
	{"app|--secret-name=db", "app --secret-name=db"},
	{"app|--auth=false|--session=none", "app --auth=false --session=none"},
	{"app|--auth-mode=oauth", "app --auth-mode=oauth"},
	{"env|PWD=/home/joe|OLDPWD=/", "env PWD=/home/joe OLDPWD=/"},
	{"app|SSH_AUTH_SOCK=/tmp/ssh-1", "app SSH_AUTH_SOCK=/tmp/ssh-1"},
	{"app|--bypass=all|--compass|n|encompass=1", "app --bypass=all --compass n encompass=1"},
	{"app|--password|--verbose", "app --password --verbose"},
	{"app|--key=/etc/x.pem|--cert=/etc/x.crt", "app --key=/etc/x.pem --cert=/etc/x.crt"},
	{"app|http://h:8080/a@2x.png", "app http://h:8080/a@2x.png"},
	{"app|https://joe@h/path", "app https://joe@h/path"},
	{"git|clone|git@github.com:o/r.git", "git clone git@github.com:o/r.git"},
	{"scp|f|root@host:/tmp", "scp f root@host:/tmp"},
	{"docker|run|-p|80:80|auth:latest", "docker run -p 80:80 auth:latest"},
	{"docker|run|nginx:1.2@sha256:"
	 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	 "docker run "
	 "nginx:1.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
	{"containerd-shim-runc-v2|-namespace|moby|-id|"
	 "e7010b940450c7f37503f623520b41eb327799b5dfdab1c025b6c5b1676d30ee",
	 "containerd-shim-runc-v2 -namespace moby -id "
	 "e7010b940450c7f37503f623520b41eb327799b5dfdab1c025b6c5b1676d30ee"},
	{"psql|-p|5432|-U|joe", "psql -p 5432 -U joe"},
	{"ssh|-p|2222|host", "ssh -p 2222 host"},
	{"mysql|-p|db", "mysql -p db"},
	{"mkdir|-p|/a/b", "mkdir -p /a/b"},
	{"sh|-c|exec app --password \"$DB_PASSWORD\" --n ${N}",
	 "sh -c 'exec app --password \"$DB_PASSWORD\" --n ${N}'"},
	{"kubelet|--authorization-mode=Webhook|--authentication-token-webhook=true",
	 "kubelet --authorization-mode=Webhook --authentication-token-webhook=true"},
	{"java|-Xmx512m|-XX:+UseG1GC|-cp|a:b:c|Main", "java -Xmx512m -XX:+UseG1GC -cp a:b:c Main"},
	{"tail|/dev/zero", "tail /dev/zero"},
	{"app||x", "app \"\" x"},
	{"app|say \"hi\"", "app 'say \"hi\"'"},
	{"app|two\nlines\x1b[31m", "app \"two lines [31m\""},
	{"postgres: joe base [local] idle", "\"postgres: joe base [local] idle\""},
	{"app|sk-short|AKIA|ghp_|eyJ", "app sk-short AKIA ghp_ eyJ"},
	{"app|task=secret-santa", "app task=secret-santa"},
	{"app|secret|password", "app secret password"},
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char args[1024], line[384];
		size_t length = strlen(rows[i].args);

		memcpy(args, rows[i].args, length + 1);
		for (size_t k = 0; k < length; k++)
			if (args[k] == '|')
				args[k] = 0;
		redact_args(args, length + 1, line, sizeof(line));
		if (strcmp(line, rows[i].line))
			print_error("of: %s\n", rows[i].args);
		assert_string_equal(line, rows[i].line);
	}
}

static void test_hidden(void **state) { check(hidden, ARRAY_SIZE(hidden)); }

static void test_shown(void **state) { check(shown, ARRAY_SIZE(shown)); }

/* Arguments that BPF cut after so many bytes: what may be the beginning of a secret is none to
 * show. */
static void test_cut(void **state)
{
	static const struct row rows[] = {
		{"app|postgres://joe:secr", "app postgres://joe:" R},
		{"app|--password=hun", "app --password=" R},
		{"app|ghp_012345", "app " R},
		{"app|http://host/", "app http://host/"},
		{"app|plain", "app plain"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char args[256], line[384];
		size_t length = strlen(rows[i].args);

		memcpy(args, rows[i].args, length + 1);
		for (size_t k = 0; k < length; k++)
			if (args[k] == '|')
				args[k] = 0;
		redact_args(args, length, line, sizeof(line));
		assert_string_equal(line, rows[i].line);
	}
}

/* Whatever the cut and the room: terminated, within bounds, and never a piece of the secret. */
static void test_bounds(void **state)
{
	static const char args[] = "mysql\0-uroot\0-pXsecretX\0postgres://a:XsecretX@h/"
				   "\0--token\0XsecretX\0-H\0Cookie: XsecretX";

	for (size_t n = 0; n <= sizeof(args); n++)
		for (size_t space = 1; space < 200; space += 7) {
			char line[200];

			memset(line, '#', sizeof(line));
			redact_args(args, n, line, space);
			assert_true(strnlen(line, sizeof(line)) < space);
			assert_null(strstr(line, "Xs"));
		}
}

/* Nothing that a process calls itself makes it read or write elsewhere (run this one with the
 * sanitizers). */
static void test_garbage(void **state)
{
	static const char alphabet[] = "-=:/@?&\"'|{}$ \t\n\0pPaAsSwWoOrRdDtTkKeEnNuU%,;.0\xff\x80";
	uint32_t x = 42;
	char args[384], line[384];

	for (int round = 0; round < 5000; round++) {
		size_t n = (x >> 7) % (sizeof(args) + 1);

		for (size_t i = 0; i < n; i++) {
			x = x * 1664525u + 1013904223u;
			args[i] = alphabet[(x >> 16) % sizeof(alphabet)];
		}
		x = x * 1664525u + 1013904223u;
		redact_args(args, n, line, sizeof(line));
		assert_true(strlen(line) < sizeof(line));
	}
}

static void test_keys(void **state)
{
	static const struct {
		const char *key;
		enum redact_key_class class;
	} rows[] = {
		{"password", KEY_STRONG},
		{"PASSWORD", KEY_STRONG},
		{"dbPassword", KEY_STRONG},
		{"DB_PASS", KEY_STRONG},
		{"apikey", KEY_STRONG},
		{"API_KEY", KEY_STRONG},
		{"APIKey", KEY_STRONG},
		{"accessKey", KEY_STRONG},
		{"AccountKey", KEY_STRONG},
		{"AWS_ACCESS_KEY_ID", KEY_STRONG},
		{"oauth2_token", KEY_STRONG},
		{"PHPSESSID", KEY_STRONG},
		{"credential", KEY_STRONG},
		{"bearer", KEY_STRONG},
		{"passw0rd", KEY_STRONG},
		{"P4SSWORD", KEY_STRONG},
		{"SSHPASS", KEY_STRONG},
		{"storepass", KEY_STRONG},
		{"contraseña", KEY_STRONG},
		{"key", KEY_WEAK},
		{"tokens", KEY_WEAK},
		{"seed", KEY_WEAK},
		{"PWD", KEY_NONE},
		{"secretary", KEY_NONE},
		{"passenger", KEY_NONE},
		{"authors", KEY_NONE},
		{"cookie_domain", KEY_NONE},
		{"token_url", KEY_NONE},
		{"passwordfile", KEY_NONE},
		{"PASSWORD_MIN_LENGTH", KEY_NONE},
		{"bypass", KEY_NONE},
		{"keyboard", KEY_NONE},
		{"tokenizer", KEY_NONE},
		{"", KEY_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum redact_key_class class = redact_key(rows[i].key, strlen(rows[i].key));

		if (class != rows[i].class)
			print_error("of: %s\n", rows[i].key);
		assert_int_equal(class, rows[i].class);
	}
}

/* Texts that make each step look ahead as far as it can, as long as the input may be: a bounded
 * time, in seconds of the CPU. */
static void test_time(void **state)
{
	static const char *const pieces[] = {
		"a:",        "a://b:",   "\"'",    "{[",        "\\\"password\":",
		"password=", "-u ",      "mysql ", "x@",        "-----BEGIN ",
		"$(",        "a=%3D%26", "|;",     "sh -c '\"", "<<<",
		"eyJ",       "=",        "\0",
	};
	char args[16384], line[384];

	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		size_t m = strlen(pieces[i]) + !pieces[i][0];
		clock_t began = clock();

		for (size_t k = 0; k < sizeof(args); k++)
			args[k] = pieces[i][k % m];
		redact_args(args, sizeof(args), line, sizeof(line));
		assert_true(clock() - began < CLOCKS_PER_SEC / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),  cmocka_unit_test(test_shown),
		cmocka_unit_test(test_cut),     cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_garbage), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
