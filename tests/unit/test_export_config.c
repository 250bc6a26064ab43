// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The part `export:` of the configuration: what is taken, and the exact line for what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "export/config.h"

static char path[] = "/tmp/headroom-export-XXXXXX";

static int load(const char *text, struct exporter *e, char error[EXPORT_ERROR])
{
	FILE *file = fopen(path, "we");
	int err;

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	memset(e, 0, sizeof(*e));
	*error = '\0';
	err = export_config_load(path, e, error);
	return err;
}

static void test_taken(void **state)
{
	static struct exporter e;
	char error[EXPORT_ERROR];

	assert_int_equal(
		load("mode: enforce\npolicies: whatever the guard makes of it\n"
		     "export:\n"
		     "  state: /var/lib/headroom/export\n"
		     "  prometheus:\n"
		     "  jsonl: {path: /x/y, max_size: 1MiB, keep: 2, compress: yes, rate: 10,\n"
		     "          types: [oom_kill, action], severity: warning, queue: 7, interval: "
		     "2s}\n",
		     &e, error),
		0);
	assert_int_equal(e.n, 2);
	assert_string_equal(e.state, "/var/lib/headroom/export");
	assert_string_equal(e.sink[0].type->name, "prometheus");
	assert_string_equal(e.sink[1].type->name, "jsonl");
	assert_int_equal(e.sink[1].common->types, 1u << HR_EVENT_OOM_KILL | 1u << HR_EVENT_ACTION);
	assert_int_equal(e.sink[1].common->severity, HR_WARNING);
	assert_int_equal(e.sink[1].common->queue, 7);
	assert_int_equal(e.sink[1].common->interval_ms, 2000);
	exporter_done(&e);
	assert_int_equal(load("", &e, error), 0);
	assert_int_equal(e.n, 0);
	assert_int_equal(load("mode: observe\n", &e, error), 0);
	assert_int_equal(e.n, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *line; /* after FILE: */
	} rows[] = {
		{"export: 7\n", "1:9: 7: export: expected a mapping"},
		{"export:\n  promtheus: {}\n", "2:3: promtheus: "},
		{"export:\n  prometheus: 9477\n",
		 "2:15: 9477: expected the sink's settings, such as {listen: …}"},
		{"export:\n  prometheus: {listen: here}\n",
		 "2:24: here: expected ADDRESS:PORT, such as 127.0.0.1:9477"},
		{"export:\n  prometheus: {listen: 127.0.0.1:0}\n",
		 "2:24: 127.0.0.1:0: expected ADDRESS:PORT"},
		{"export:\n  prometheus: {listen: 127.0.0.1:65536}\n",
		 "2:24: 127.0.0.1:65536: expected ADDR"},
		{"export:\n  prometheus: {listen: [a]}\n", "2:24: a list: expected ADDRESS:PORT"},
		{"export:\n  prometheus: {max_containers: 0}\n",
		 "2:32: 0: expected a number of containers"},
		{"export:\n  prometheus: {cadvisor_names: maybe}\n",
		 "2:32: maybe: expected true or false"},
		{"export:\n  prometheus: {port: 1}\n",
		 "2:16: port: expected one of listen, cadvisor_names, max_containers, "},
		{"export:\n  jsonl: {keep: 3}\n",
		 "2:3: jsonl: expected path: an absolute path, or - for standard"},
		{"export:\n  jsonl: {path: events.jsonl}\n",
		 "2:17: events.jsonl: expected an absolute path"},
		{"export:\n  jsonl: {path: -, keep: 1001}\n",
		 "2:26: 1001: expected a number of old files, 1 to 1000"},
		{"export:\n  jsonl: {path: -, max_size: big}\n",
		 "2:30: big: expected a size such as 64MiB"},
		{"export:\n  jsonl: {path: -, types: [oom]}\n",
		 "2:28: oom: expected types of events"},
		{"export:\n  jsonl: {path: -, severity: bad}\n",
		 "2:30: bad: expected info, warning or critical"},
		{"export:\n  jsonl: {path: -, queue: 0}\n",
		 "2:27: 0: expected a number of events, 1 to 1000000"},
		{"export:\n  jsonl: {path: -, interval: 0s}\n",
		 "2:30: 0s: expected a time such as 15s"},
		{"export:\n  nats: {}\n",
		 "2:3: nats: expected url: a URL such as nats://127.0.0.1:4222"},
		{"export:\n  nats: {url: http://x}\n",
		 "2:15: http://x: expected a URL such as nats://"},
		{"export:\n  nats: {url: nats://x, subject: a.*.b}\n",
		 "2:34: a.*.b: expected a subject without"},
		{"export:\n  mqtt: {topic: a}\n", "2:3: mqtt: expected url: a URL such as mqtt://"},
		{"export:\n  mqtt: {url: \"tcp://x\"}\n",
		 "2:15: tcp://x: expected a URL such as mqtt://"},
		{"export:\n  mqtt: {url: \"mqtt://\"}\n",
		 "2:15: mqtt://: expected a URL such as mqtt://"},
		{"export:\n  mqtt: {url: \"mqtt://h:0\"}\n", "2:15: mqtt://h:0: expected a URL"},
		{"export:\n  mqtt: {url: \"mqtt://h:65536\"}\n",
		 "2:15: mqtt://h:65536: expected a URL"},
		{"export:\n  mqtt: {url: \"mqtt://[::1\"}\n", "2:15: mqtt://[::1: expected a URL"},
		{"export:\n  mqtt: {url: \"mqtt://[::1]x\"}\n",
		 "2:15: mqtt://[::1]x: expected a URL"},
		{"export:\n  mqtt: {url: \"mqtt://h/path\"}\n",
		 "2:15: mqtt://h/***: expected a URL"},
		{"export:\n  mqtt: {url: \"mqtt://u:secret@h\"}\n",
		 "2:15: mqtt://h: expected a URL"},
		{"export:\n  mqtt: {url: \"mqtt://h\", topic: a/#}\n",
		 "2:34: a/#: expected a topic without"},
		{"export:\n  mqtt: {url: \"mqtt://h\", topic: $SYS/a}\n",
		 "2:34: $SYS/a: expected a topic"},
		{"export:\n  otlp: {url: http://x, encoding: grpc}\n",
		 "2:35: grpc: expected protobuf or json"},
		{"export:\n  webhook: {url: ftp://x}\n",
		 "2:18: ftp://x: expected an http:// or https:// URL"},
		{"export:\n  webhook: {url: http://x, format: xml}\n",
		 "2:36: xml: expected structured, binary or alertmanager"},
		{"export:\n  webhook: {url: http://x, headers: [nonsense]}\n",
		 "2:38: headers: expected \"Name: value\""},
		{"export:\n  webhook: {url: \"ftp://user:password@x/path\"}\n",
		 "2:18: ftp://x/***: expected an http:// or https:// URL"},
		{"export:\n  webhook: {url: \"user:password@x\"}\n",
		 "2:18: url: expected an http:// or https:// URL"},
		{"export:\n  state: relative\n", "2:10: relative: expected an absolute path"},
		{"- a\n", "1:1: a list: expected `key: value` lines"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct exporter e;
		char error[EXPORT_ERROR], expected[EXPORT_ERROR];

		snprintf(expected, sizeof(expected), "%s:%s", path, rows[i].line);
		if (load(rows[i].text, &e, error) != -EINVAL ||
		    strncmp(error, expected, strlen(expected))) {
			print_error("%s\nis     '%s'\nwanted '%s'\n", rows[i].text, error,
				    expected);
			fail();
		}
		exporter_done(&e);
	}
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state) { return unlink(path); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
