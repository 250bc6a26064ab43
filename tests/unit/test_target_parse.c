// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Targets: every way to write one, what is refused, which wins where several match; and where
 * a process is, from /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "cgroup/pid_cgroup.h"
#include "fixture_board.h"
#include "format/target_parse.h"

#define ID_A "abcd1111000000000000000000000000000000000000000000000000000000aa"
#define ID_B "abcd2222000000000000000000000000000000000000000000000000000000bb"

enum identity {
	WEB,
	WEB_GONE,
	WEB_OLD,
	POD,
	APP,
	SIDECAR,
	PAUSE,
	UNIT,
	HOSTILE,
	NAMED_AS_ID,
	IDENTITY
};

static const struct made {
	const char *name, *id, *namespace, *pod, *container, *unit, *cgroup;
	uint8_t kind, state;
	uint64_t gone_ns, parent_id;
} made[IDENTITY] = {
	[WEB] = {"web", ID_A, .cgroup = "/docker/a", .kind = HR_KIND_CONTAINER},
	[WEB_GONE] = {"web", "9999000011112222", .cgroup = "/docker/g", .kind = HR_KIND_CONTAINER,
		      .state = HR_SLOT_GONE, .gone_ns = 1767225600000000000ULL},
	[WEB_OLD] = {"old", "8888000011112222", .cgroup = "/docker/o", .kind = HR_KIND_CONTAINER,
		     .state = HR_SLOT_GONE, .gone_ns = 1767225500000000000ULL},
	[POD] = {.cgroup = "/kubepods/pod1", .kind = HR_KIND_POD},
	[APP] = {NULL, ID_B, "shop", "cart-1", "app", .cgroup = "/kubepods/pod1/b",
		 .kind = HR_KIND_CONTAINER, .parent_id = 100 + POD},
	[SIDECAR] = {NULL, "7777000011112222", "shop", "cart-1", "proxy",
		     .cgroup = "/kubepods/pod1/c", .kind = HR_KIND_CONTAINER,
		     .parent_id = 100 + POD},
	[PAUSE] = {NULL, "6666000011112222", "shop", "cart-1", "app", .cgroup = "/kubepods/pod1/p",
		   .kind = HR_KIND_SANDBOX, .parent_id = 100 + POD},
	[UNIT] = {.unit = "sshd.service",
		  .cgroup = "/system.slice/sshd.service",
		  .kind = HR_KIND_UNIT},
	[HOSTILE] = {"a\033[1mb", "5555000011112222", .cgroup = "/docker/h",
		     .kind = HR_KIND_CONTAINER},
	[NAMED_AS_ID] = {"7777", "4444000011112222", .cgroup = "/docker/n",
			 .kind = HR_KIND_CONTAINER},
};

static struct hr_slot slots[IDENTITY];

static int make_slots(void **state)
{
	for (size_t i = 0; i < IDENTITY; i++) {
		const struct made *m = &made[i];
		struct hr_slot *s = &slots[i];
		struct board_text text;

		board_text_init(&text, s, offsetof(struct hr_slot, text), sizeof(*s));
		s->state = m->state ? m->state : HR_SLOT_RUNNING;
		s->cgroup_id = 100 + i;
		s->parent_id = m->parent_id;
		s->gone_ns = m->gone_ns;
		s->id.kind = m->kind;
		s->id.name = board_text_add(&text, m->name, false);
		s->id.container_id = board_text_add(&text, m->id, false);
		s->id.namespace = board_text_add(&text, m->namespace, false);
		s->id.pod = board_text_add(&text, m->pod, false);
		s->id.container = board_text_add(&text, m->container, false);
		s->id.unit = board_text_add(&text, m->unit, false);
		s->id.cgroup = board_text_add(&text, m->cgroup, true);
		s->process[0].pid = (uint32_t)(1000 + i);
	}
	return 0;
}

/* The targets found: a bit each; none where it is no target at all. */
static uint32_t find(const char *typed, const char *cgroup)
{
	const struct hr_slot *found[IDENTITY];
	struct target target;
	uint32_t bits = 0;
	size_t n;

	if (target_parse(typed, &target))
		return UINT32_MAX;
	if (cgroup)
		strcpy(target.cgroup, cgroup);
	n = target_find(&target, slots, IDENTITY, found, IDENTITY);
	for (size_t i = 0; i < n; i++)
		bits |= 1u << (found[i] - slots);
	return bits;
}

#define BIT(identity) (1u << (identity))
#define NO_TARGET     UINT32_MAX

static void test_find(void **state)
{
	static const struct {
		const char *typed;
		uint32_t found;
	} cases[] = {
		{"web", BIT(WEB)}, /* running before gone */
		{"old", BIT(WEB_OLD)},
		{"missing", 0},
		{"WEB", 0},
		{"abcd", BIT(WEB) | BIT(APP)},
		{"abcd1", BIT(WEB)},
		{"ABCD1", BIT(WEB)},
		{ID_A, BIT(WEB)},
		{ID_A "0", 0},
		{"abc", 0},                 /* too short */
		{"7777", BIT(NAMED_AS_ID)}, /* a name before an id's beginning */
		{"77770", BIT(SIDECAR)},
		{"6666", BIT(PAUSE)},
		{"app", BIT(APP)},             /* not the sandbox */
		{"shop/cart-1/app", BIT(APP)}, /* as ls shows it */
		{"pod:shop/cart-1", BIT(POD)},
		{"pod:shop/cart-1/proxy", BIT(SIDECAR)},
		{"pod:shop/cart-1/missing", 0},
		{"pod:shop/cart", 0},
		{"pod:shop", NO_TARGET},
		{"pod:", NO_TARGET},
		{"pod:shop/", NO_TARGET},
		{"pod:/cart-1", NO_TARGET},
		{"pod:shop//app", NO_TARGET},
		{"pod:a/b/c/d", NO_TARGET},
		{"unit:sshd.service", BIT(UNIT)},
		{"unit:sshd", BIT(UNIT)},
		{"unit:ssh", 0},
		{"sshd.service", BIT(UNIT)},
		{"unit:", NO_TARGET},
		{"cgroup:/docker/a", BIT(WEB)},
		{"cgroup:docker/a/", BIT(WEB)},
		{"cgroup:/sys/fs/cgroup/docker/a", BIT(WEB)},
		{"cgroup:/sys/fs/cgroup/memory/docker/a", BIT(WEB)},
		{"cgroup:/docker", 0},
		{"cgroup:/", 0},
		{"pid:1007", BIT(UNIT)},
		{"pid:1", 0},
		{"pid:0", NO_TARGET},
		{"pid:-1", NO_TARGET},
		{"pid:1x", NO_TARGET},
		{"pid:99999999999999999999", NO_TARGET},
		{"a\033[1mb", BIT(HOSTILE)},
		{"a\\x1b[1mb", BIT(HOSTILE)}, /* as it is shown */
		{"", NO_TARGET},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (find(cases[i].typed, NULL) != cases[i].found)
			fail_msg("'%s' found %#x, not %#x", cases[i].typed,
				 find(cases[i].typed, NULL), cases[i].found);
}

static void test_long(void **state)
{
	char typed[TARGET_TEXT + 16];

	memset(typed, 'x', sizeof(typed) - 1);
	typed[sizeof(typed) - 1] = 0;
	assert_int_equal(find(typed, NULL), NO_TARGET);
	memcpy(typed, "cgroup:", 7);
	assert_int_equal(find(typed, NULL), NO_TARGET);
}

/* Of the gone ones with one name, the last to go; where /proc told the cgroup, that counts. */
static void test_weights(void **state)
{
	struct hr_slot kept = slots[WEB];

	slots[WEB].state = HR_SLOT_GONE;
	slots[WEB].gone_ns = made[WEB_GONE].gone_ns - FIXTURE_STEP_NS;
	assert_int_equal(find("web", NULL), BIT(WEB_GONE));
	slots[WEB] = kept;
	assert_int_equal(find("pid:1007", "/docker/a"), BIT(WEB));
	assert_int_equal(find("pid:1007", "/elsewhere"), 0);
}

/* An OOM kill of process 4711, asked for by 4712, in a container of the table. */
struct kill_record {
	struct hr_event_oom_kill oom;
	char text[1024];
};

static void make_kill(struct kill_record *kill, const struct made *m)
{
	struct board_text text;

	memset(kill, 0, sizeof(*kill));
	kill->oom.event.type = HR_EVENT_OOM_KILL;
	kill->oom.event.bytes = sizeof(*kill);
	kill->oom.victim.pid = 4711;
	kill->oom.trigger.pid = 4712;
	board_text_init(&text, kill, sizeof(kill->oom), sizeof(*kill));
	kill->oom.event.id.kind = m->kind;
	kill->oom.event.id.name = board_text_add(&text, m->name, false);
	kill->oom.event.id.container_id = board_text_add(&text, m->id, false);
	kill->oom.event.id.namespace = board_text_add(&text, m->namespace, false);
	kill->oom.event.id.pod = board_text_add(&text, m->pod, false);
	kill->oom.event.id.container = board_text_add(&text, m->container, false);
	kill->oom.event.id.unit = board_text_add(&text, m->unit, false);
	kill->oom.event.id.cgroup = board_text_add(&text, m->cgroup, true);
}

static void test_events(void **state)
{
	static const struct {
		const char *typed;
		enum identity of;
		bool fits;
	} cases[] = {
		{"web", WEB, true},
		{"web", WEB_OLD, false},
		{"web", POD, false},
		{"abcd1", WEB, true},
		{"abcd2", WEB, false},
		{"app", APP, true},
		{"shop/cart-1/app", APP, true},
		{"pod:shop/cart-1", APP, true},
		{"pod:shop/cart-1/proxy", APP, false},
		{"pod:shop/cart-2", APP, false},
		{"unit:sshd", UNIT, true},
		{"sshd.service", UNIT, true},
		{"unit:sshd", WEB, false},
		{"a\\x1b[1mb", HOSTILE, true},
		{"cgroup:/docker/a", WEB, true},
		{"cgroup:/docker", WEB, true}, /* below it */
		{"cgroup:/dock", WEB, false},
		{"cgroup:/", WEB, true},
		{"pid:4711", WEB, true}, /* the victim */
		{"pid:4712", WEB, true}, /* which asked for memory */
		{"pid:471", WEB, false},
	};
	struct kill_record kill;
	struct target target;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_kill(&kill, &made[cases[i].of]);
		assert_int_equal(target_parse(cases[i].typed, &target), 0);
		if (!!target_fits_event(&target, &kill.oom.event) != cases[i].fits)
			fail_msg("'%s', %s", cases[i].typed, made[cases[i].of].cgroup);
	}
	kill.oom.event.bytes = sizeof(struct hr_event); /* cut: its members are not read */
	assert_int_equal(target_fits_event(&target, &kill.oom.event), 0);
}

static void put(const char *root, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/7/cgroup", root);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_pid_cgroup(void **state)
{
	static const struct {
		const char *text, *path; /* NULL: none */
	} cases[] = {
		{"0::/a/b\n", "/a/b"},
		{"4:memory:/m\n3:cpu,cpuacct:/c\n0::/u\n", "/m"},
		{"0::/u\n4:hugetlb,memory:/m:with:colons\n", "/m:with:colons"},
		{"3:cpu:/c\n0::/u\n", "/u"},
		{"3:memoryless:/c\n", NULL},
		{"nonsense\n\n:\n", NULL},
		{"", NULL},
	};
	char root[] = "/tmp/test-target.XXXXXX", path[128], found[64];

	assert_non_null(mkdtemp(root));
	assert_int_equal(pid_cgroup_memory(root, 7, found, sizeof(found)), -ENOENT);
	snprintf(path, sizeof(path), "%s/proc", root);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/7");
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(root, cases[i].text);
		assert_int_equal(pid_cgroup_memory(root, 7, found, sizeof(found)),
				 cases[i].path ? 0 : -ENOENT);
		if (cases[i].path)
			assert_string_equal(found, cases[i].path);
	}
	put(root, "0::/much/too/long\n");
	assert_int_equal(pid_cgroup_memory(root, 7, found, 5), -ENAMETOOLONG);
	strcat(path, "/cgroup");
	unlink(path);
	*strrchr(path, '/') = 0;
	rmdir(path);
	*strrchr(path, '/') = 0;
	rmdir(path);
	rmdir(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),       cmocka_unit_test(test_long),
		cmocka_unit_test(test_weights),    cmocka_unit_test(test_events),
		cmocka_unit_test(test_pid_cgroup),
	};

	return cmocka_run_group_tests(tests, make_slots, NULL);
}
