// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Event lines: known fields are shown, unknown ones are not invented, hostile text is cleaned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture_board.h"
#include "format/event_line.h"

#define NOON 1767268800000000000ULL /* 2026-01-01T12:00:00Z */

struct made {
	union fixture_event e;
	struct board_text text;
};

static void begin(struct made *m, enum hr_event_type type, size_t fixed, const char *name,
		  const char *image)
{
	memset(m, 0, sizeof(*m));
	m->e.event.type = (uint16_t)type;
	m->e.event.time_ns = NOON + 472000000000ULL;
	m->e.event.cgroup_id = 77;
	board_text_init(&m->text, &m->e, fixed, sizeof(m->e));
	m->e.event.id.runtime = image ? HR_RUNTIME_DOCKER : HR_RUNTIME_NONE;
	m->e.event.id.kind = HR_KIND_CONTAINER;
	m->e.event.id.name = board_text_add(&m->text, name, false);
	m->e.event.id.image = board_text_add(&m->text, image, false);
}

static void describes(struct made *m, const char *wanted)
{
	char text[EVENT_LINE_TEXT];

	m->e.event.bytes = (m->text.start + m->text.used + 7) & ~7u;
	assert_string_equal(event_line(&m->e.event, NOON, text), wanted);
}

static void begin_kill(struct made *m, const char *name, const char *image)
{
	struct hr_event_oom_kill *oom = &m->e.oom;

	begin(m, HR_EVENT_OOM_KILL, sizeof(*oom), name, image);
	oom->victim = (struct hr_oom_process){.pid = 4711,
					      .cgroup_id = 77,
					      .anon = 48 * FIXTURE_MIB,
					      .file = HR_UNKNOWN,
					      .shmem = 0,
					      .swap = HR_UNKNOWN,
					      .pgtables = 128 << 10,
					      .comm = "tail"};
	oom->trigger = (struct hr_oom_process){.pid = 4711, .cgroup_id = 77, .comm = "tail"};
	oom->limit_max = 50 * FIXTURE_MIB;
	oom->warned_before_ms = HR_UNKNOWN;
}

static void test_oom_kill(void **state)
{
	struct made m;

	begin_kill(&m, "leaky", "busybox");
	describes(&m, "12:07:52 oom_kill  leaky (docker, busybox): OOM-killed tail[4711]: "
		      "container limit "
		      "50 MiB reached; anon 48 MiB, page tables 128 KiB; triggered by the victim");

	begin_kill(&m, "leaky", NULL);
	m.e.oom.policy = board_text_add(&m.text, "burst\033[1m", false);
	m.e.oom.not_acted = HR_SKIP_RATE_LIMIT;
	describes(&m, "12:07:52 oom_kill  leaky: OOM-killed tail[4711]: container limit 50 MiB "
		      "reached; anon 48 MiB, page tables 128 KiB; triggered by the victim; policy "
		      "burst\\x1b[1m had not acted: rate limit reached");

	begin_kill(&m, "leaky", "busybox");
	m.e.oom.level = HR_LEVEL_ANCESTOR;
	m.e.oom.limit_cgroup = board_text_add(&m.text, "/batch.slice", true);
	m.e.oom.trigger = (struct hr_oom_process){.pid = 9, .cgroup_id = 78, .comm = "dd"};
	m.e.oom.trigger.id.name = board_text_add(&m.text, "neighbour", false);
	m.e.oom.flags = HR_OOM_GROUP;
	m.e.oom.more = 4;
	m.e.oom.warned_before_ms = 42000;
	describes(&m,
		  "12:07:52 oom_kill  leaky (docker, busybox): OOM-killed tail[4711] and 4 more of "
		  "its group: parent limit 50 MiB (/batch.slice) reached; anon 48 MiB, page tables "
		  "128 KiB; triggered by dd[9] in neighbour; warned 42s before");

	begin_kill(&m, "leaky", "busybox");
	m.e.oom.reflex = HR_REFLEX_KILLED;
	m.e.oom.reflex_pid = 4711;
	m.e.oom.reflex_before_ms = 40;
	m.e.oom.armed_before_ms = 3200;
	describes(&m, "12:07:52 oom_kill  leaky (docker, busybox): OOM-killed tail[4711]: "
		      "container limit 50 MiB reached; anon 48 MiB, page tables 128 KiB; triggered "
		      "by the victim; the reflex had killed pid 4711 40 ms before (armed for 3s)");
	m.e.oom.reflex = HR_REFLEX_NOT_ARMED;
	m.e.oom.reflex_pid = 0;
	m.e.oom.reflex_before_ms = m.e.oom.armed_before_ms = HR_UNKNOWN;
	describes(&m, "12:07:52 oom_kill  leaky (docker, busybox): OOM-killed tail[4711]: "
		      "container limit 50 MiB reached; anon 48 MiB, page tables 128 KiB; triggered "
		      "by the victim; the reflex was not armed yet");

	begin_kill(&m, NULL, NULL);
	m.e.oom.level = HR_LEVEL_HOST;
	m.e.oom.victim = m.e.oom.trigger = (struct hr_oom_process){0};
	m.e.oom.victim.anon = HR_UNKNOWN;
	m.e.oom.flags = HR_OOM_COUNTED;
	describes(&m, "12:07:52 oom_kill  cgroup 77: OOM-killed a process: host memory exhausted; "
		      "victim unknown (counter only)");
}

/* A pod's cgroup is called by a uid that no user knows: the event names pod and container already. */
static void test_pod(void **state)
{
	static const struct {
		const char *path, *limit;
	} limits[] = {
		{"/kubepods/burstable/pod8e90aaaa-1111-2222-3333-444455556666", "pod limit 50 MiB"},
		{"/kubepods.slice/kubepods-burstable.slice/"
		 "kubepods-burstable-pod8e90aaaa_1111_2222_3333_444455556666.slice",
		 "pod limit 50 MiB"},
		{"/kubepods/pod0123456789abcdef0123456789abcdef", "pod limit 50 MiB"}, /* static */
		{"/kubepods.slice/kubepods-pod8e90aaaa_1111_2222_3333_444455556666.slice",
		 "pod limit 50 MiB"}, /* guaranteed */
		{"/kubepods", "limit of all pods 50 MiB"},
		{"/kubelet/kubepods.slice", "limit of all pods 50 MiB"},
		{"/podman.slice", "parent limit 50 MiB (/podman.slice)"},
		{"/batch.slice", "parent limit 50 MiB (/batch.slice)"},
	};
	char text[EVENT_LINE_TEXT], wanted[512];
	struct made m;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		begin_kill(&m, "app", NULL);
		m.e.event.id.namespace = board_text_add(&m.text, "shop", false);
		m.e.event.id.pod = board_text_add(&m.text, "web-0", false);
		m.e.event.id.container = board_text_add(&m.text, "app", false);
		m.e.oom.level = HR_LEVEL_ANCESTOR;
		m.e.oom.limit_cgroup = board_text_add(&m.text, limits[i].path, true);
		m.e.event.bytes = (m.text.start + m.text.used + 7) & ~7u;
		snprintf(wanted, sizeof(wanted),
			 "oom_kill shop/web-0/app: OOM-killed tail[4711]: %s reached; anon 48 MiB, "
			 "page tables 128 KiB; triggered by the victim",
			 limits[i].limit);
		assert_string_equal(event_message(&m.e.event, text), wanted);
	}
}

static void test_others(void **state)
{
	struct made m;

	begin(&m, HR_EVENT_PRESSURE, sizeof(m.e.pressure), "db", NULL);
	m.e.pressure = (struct hr_event_pressure){
		.event = m.e.event, .what = HR_PRESSURE_UNDER_OOM, .usage = 4096, .limit = 8192};
	m.e.pressure.pressure =
		(struct hr_pressure){HR_UNKNOWN_U32, HR_UNKNOWN_U32, HR_UNKNOWN, HR_UNKNOWN};
	describes(
		&m,
		"12:07:52 pressure  db: blocked at its limit (OOM killer disabled); usage 4 KiB of "
		"8 KiB");

	begin(&m, HR_EVENT_CONTAINER, sizeof(m.e.container), "db", "postgres");
	m.e.container.what = HR_CONTAINER_GONE;
	m.e.container.uptime_ms = 61000;
	m.e.container.peak = HR_UNKNOWN;
	m.e.container.oom_kills_total = 1;
	describes(&m, "12:07:52 container db (docker, postgres): gone after 1m01s, 1 OOM kill");

	begin(&m, HR_EVENT_CONTAINER, sizeof(m.e.container), "web", "nginx");
	m.e.container.what = HR_CONTAINER_RENAMED;
	m.e.container.uptime_ms = m.e.container.peak = HR_UNKNOWN;
	m.e.container.former_name = board_text_add(&m.text, "web_\033[1mtmp", false);
	describes(&m, "12:07:52 container web (docker, nginx): renamed from web_\\x1b[1mtmp");

	begin(&m, HR_EVENT_DAEMON, sizeof(m.e.daemon), NULL, NULL);
	m.e.daemon.what = HR_DAEMON_LOST;
	m.e.daemon.count = 12;
	m.e.daemon.text = board_text_add(&m.text, "ring \033[1mfull", false);
	describes(&m, "12:07:52 guard     records lost: ring \\x1b[1mfull (12)");

	for (uint32_t what = 0; what < HR_DAEMON_WHAT_COUNT; what++) { /* each has its own text */
		char text[EVENT_LINE_TEXT];

		begin(&m, HR_EVENT_DAEMON, sizeof(m.e.daemon), NULL, NULL);
		m.e.daemon.what = what;
		event_line(&m.e.event, NOON, text);
		assert_null(strstr(text, "guard     daemon"));
		assert_null(strstr(text, "null"));
	}

	begin(&m, HR_EVENT_OUTCOME, sizeof(m.e.outcome), "db", NULL);
	m.e.outcome = (struct hr_event_outcome){.event = m.e.event,
						.ref = 5,
						.freed = FIXTURE_MIB,
						.freed_after_ms = 9,
						.restarted_after_ms = HR_UNKNOWN,
						.averted = 1};
	describes(&m, "12:07:52 outcome   db: freed 1 MiB in 9 ms; OOM averted (event 5)");
	m.e.outcome.freed = m.e.outcome.freed_after_ms = HR_UNKNOWN; /* a dry run's */
	m.e.outcome.averted = HR_UNKNOWN_U32;
	describes(&m, "12:07:52 outcome   db: effect unknown (event 5)");

	begin(&m, HR_EVENT_OOM_SCORE_ADJ, sizeof(m.e.adj), "db", NULL);
	m.e.adj.pid = 3;
	m.e.adj.oom_score_adj = -999;
	memcpy(m.e.adj.comm, "no\nterminator..!", 16);
	describes(&m,
		  "12:07:52 oom_score_adj db: no\\x0aterminator..![3] set oom_score_adj to -999");
}

/* The parts by size, and by growth where there was a map before; small ones are left out. */
static void test_map(void **state)
{
	struct made m;
	struct hr_event_memory_map *map = &m.e.map;

	begin(&m, HR_EVENT_MEMORY_MAP, sizeof(m.e.map), "db", NULL);
	map->pid = 77;
	memcpy(map->comm, "worker", 7);
	map->resident = 100 * FIXTURE_MIB;
	map->since_ms = HR_UNKNOWN;
	map->growth = HR_UNKNOWN_I64;
	map->regions = 4;
	map->region[0] = (struct hr_map_region){.kind = HR_MAP_GLIBC_ARENA,
						.mappings = 28,
						.resident = 80 * FIXTURE_MIB,
						.growth = HR_UNKNOWN_I64};
	map->region[1] = (struct hr_map_region){.kind = HR_MAP_MEMFD,
						.resident = 10 * FIXTURE_MIB,
						.growth = HR_UNKNOWN_I64,
						.name = board_text_add(&m.text, "a\033b", false)};
	map->region[2] = (struct hr_map_region){
		.kind = HR_MAP_FILE, .resident = 9 * FIXTURE_MIB, .growth = HR_UNKNOWN_I64};
	map->region[3] = (struct hr_map_region){
		.kind = HR_MAP_HEAP, .resident = FIXTURE_MIB, .growth = HR_UNKNOWN_I64};
	describes(&m, "12:07:52 memory_map db: worker[77] holds 100 MiB: 80% glibc arenas (28), "
		      "10% memfd a\\x1bb, 9% files");

	map->since_ms = 40000;
	map->swap = 25 * FIXTURE_MIB;
	map->region[0].swap = 25 * FIXTURE_MIB;
	map->growth = 9 * FIXTURE_MIB;
	map->region[0].growth = -FIXTURE_MIB;
	map->region[1].growth = FIXTURE_MIB;
	map->region[2].growth = 0;
	map->region[3].growth = 9 * FIXTURE_MIB;
	describes(&m, "12:07:52 memory_map db: worker[77] +9 MiB in 40s: 90% in brk heap, 10% in "
		      "memfd a\\x1bb; holds 100 MiB and 25 MiB in swap: 84% glibc arenas (28), "
		      "8% memfd a\\x1bb, 7% files");

	map->growth = -FIXTURE_MIB;
	map->region[1].growth = map->region[3].growth = 0;
	map->region[0].kind = HR_MAP_KINDS; /* of a newer daemon */
	map->regions = UINT32_MAX;
	describes(&m,
		  "12:07:52 memory_map db: worker[77] -1 MiB in 40s; holds 100 MiB and 25 MiB in "
		  "swap: 84% unknown memory, 8% memfd a\\x1bb, 7% files");
}

static void test_strange(void **state)
{
	char text[EVENT_LINE_TEXT];
	struct made m;

	begin(&m, (enum hr_event_type)(HR_EVENT_COUNT + 1), sizeof(m.e.event), "db", NULL);
	m.e.event.seq = 8;
	describes(&m, "12:07:52 unknown   db: unknown record (event 8)");
	begin(&m, HR_EVENT_OOM_KILL, sizeof(m.e.event), "db", NULL); /* too short for its type */
	m.e.event.seq = 9;
	describes(&m, "12:07:52 oom_kill  db: unknown record (event 9)");
	begin(&m, HR_EVENT_DAEMON, sizeof(m.e.daemon), NULL, NULL);
	m.e.event.bytes = sizeof(m.e.daemon);
	assert_string_equal(event_line(&m.e.event, NOON + 86400000000000ULL, text),
			    "2026-01-01 12:07:52 guard     started");
}

/* Text as long as a record can hold: cut, never past the end. */
static void test_long(void **state)
{
	char name[4000], text[EVENT_LINE_TEXT + 8];
	struct made m;

	memset(name, '\033', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	begin_kill(&m, name, name);
	m.e.event.bytes = (m.text.start + m.text.used + 7) & ~7u;
	memset(text, 'x', sizeof(text));
	event_line(&m.e.event, NOON, text);
	assert_true(strlen(text) < EVENT_LINE_TEXT);
	assert_null(strchr(text, '\033'));
	assert_int_equal(text[EVENT_LINE_TEXT], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oom_kill), cmocka_unit_test(test_pod),
		cmocka_unit_test(test_others),   cmocka_unit_test(test_map),
		cmocka_unit_test(test_strange),  cmocka_unit_test(test_long),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
