// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When the host itself runs short: the culprit is taken, the largest innocent is not. What follows over time:
 * test_policy_shortage.c. */
#include "fixture_policy.h"

struct identity { /* a container (or a process group: `pgroup`) of the context */
	const char *name;
	uint64_t mib;
	int64_t growth_kib;
	uint64_t low_mib, shmem_mib;
	bool pgroup, protected, unnamed;
	uint16_t risk;
	const char *user; /* the directory below which it chose its names, with … */
	bool wish;        /* … user.headroom=protect */
	bool all;         /* all process groups of a user together */
	uint32_t uid;
	uint32_t age_s; /* 0: unknown */
};

/* The contract's incident: 416 MB, no swap; a build of 40 processes of 6 MB, a database of 90 MB, sshd, a journal. */
static const struct context {
	const char *name;
	struct identity identity[6];
	const char *victim;     /* NULL: none */
	const char *skipped[3]; /* the skipped ones, the largest first, with the reason */
} contexts[] = {
	{"the build, not the database",
	 {{.name = "db", .mib = 90},
	  {.name = "build", .mib = 80, .growth_kib = 900},
	  {.name = "sshd", .mib = 8}},
	 "build",
	 {"db slower growth"}},
	{"a process group of many small processes is one culprit",
	 {{.name = "db", .mib = 90},
	  {.name = "make", .mib = 240, .pgroup = true},
	  {.name = "sshd", .mib = 8}},
	 "make",
	 {"db smaller"}},
	{"a process group that grows, smaller than the database",
	 {{.name = "db", .mib = 90},
	  {.name = "make", .mib = 60, .growth_kib = 800, .pgroup = true}},
	 "make",
	 {"db slower growth"}},
	{"noise is no growth",
	 {{.name = "db", .mib = 90, .growth_kib = 8},
	  {.name = "cache", .mib = 200, .growth_kib = -5}},
	 "cache",
	 {"db smaller"}},
	{"the one above its memory.low",
	 {{.name = "db", .mib = 150, .low_mib = 200}, {.name = "web", .mib = 60, .low_mib = 50}},
	 "web",
	 {"db within its request"}},
	{"growth alone is not enough",
	 {{.name = "newborn", .mib = 1, .growth_kib = 3000}, {.name = "build", .mib = 150}},
	 "build",
	 {"newborn smaller"}},
	{"the protected one is skipped, and listed",
	 {{.name = "db", .mib = 200, .growth_kib = 500, .protected = true},
	  {.name = "web", .mib = 60}},
	 "web",
	 {"db protected"}},
	{"none may be chosen",
	 {{.name = "db", .mib = 200, .growth_kib = 500, .protected = true}},
	 NULL,
	 {NULL}},
	{"one that is not identified is spared",
	 {{.name = "what", .mib = 200, .growth_kib = 900, .unnamed = true},
	  {.name = "web", .mib = 60}},
	 "web",
	 {"what insufficient data"}},
	{"of two that grow alike, the larger",
	 {{.name = "a", .mib = 60, .growth_kib = 100}, {.name = "b", .mib = 70, .growth_kib = 90}},
	 "b",
	 {"a smaller"}},
	{"growth counts with risk",
	 {{.name = "a", .mib = 60, .growth_kib = 100},
	  {.name = "b", .mib = 50, .growth_kib = 60, .risk = 9000}},
	 "b",
	 {"a slower growth"}},
	{"a container goes before an equal process group",
	 {{.name = "grp", .mib = 60, .pgroup = true}, {.name = "box", .mib = 60}},
	 "box",
	 {"process smaller"}},
	{"a tmpfs may outlive its container: not the larger, which frees little for sure",
	 {{.name = "volume", .mib = 200, .shmem_mib = 195}, {.name = "web", .mib = 60}},
	 "web",
	 {"volume smaller"}},
	{"shared buffers beside enough of its own",
	 {{.name = "postgres", .mib = 200, .shmem_mib = 120}, {.name = "web", .mib = 60}},
	 "postgres",
	 {"web smaller"}},
	{"a tmpfs that still grows: the end of what fills it stops that",
	 {{.name = "filler", .mib = 200, .shmem_mib = 195, .growth_kib = 900},
	  {.name = "db", .mib = 90}},
	 "filler",
	 {"db slower growth"}},
	{"a tmpfs is better than nothing",
	 {{.name = "volume", .mib = 200, .shmem_mib = 195}, {.name = "sshd", .mib = 4}},
	 "volume",
	 {"sshd smaller"}},
	{"a user's wish: what helps as well and is that user's, too",
	 {{.name = "a", .mib = 200, .growth_kib = 900, .user = "/u", .wish = true},
	  {.name = "b", .mib = 100, .user = "/u"},
	  {.name = "web", .mib = 90}},
	 "b",
	 {"a protected by its owner", "web smaller"}},
	{"it spares nothing of another",
	 {{.name = "a", .mib = 200, .growth_kib = 900, .user = "/u", .wish = true},
	  {.name = "b", .mib = 100, .user = "/v"},
	  {.name = "web", .mib = 90}},
	 "a",
	 {"b slower growth"}},
	{"nor what does not help",
	 {{.name = "a", .mib = 200, .user = "/u", .wish = true},
	  {.name = "b", .mib = 1, .user = "/u"}},
	 "a",
	 {"b smaller"}},
	{"all of that user's wish it",
	 {{.name = "a", .mib = 200, .user = "/u", .wish = true},
	  {.name = "b", .mib = 100, .user = "/u", .wish = true}},
	 "a",
	 {"b smaller"}},
	{"of what a user runs, what grows",
	 {{.name = "all", .mib = 200, .growth_kib = 950, .pgroup = true, .all = true, .uid = 9},
	  {.name = "editor", .mib = 40, .growth_kib = 900, .pgroup = true, .uid = 9},
	  {.name = "browser", .mib = 42, .pgroup = true, .uid = 9},
	  {.name = "web", .mib = 60}},
	 "editor",
	 {"process slower growth", "web slower growth"}},
	{"… if it helps by itself",
	 {{.name = "all", .mib = 200, .growth_kib = 950, .pgroup = true, .all = true, .uid = 9},
	  {.name = "part", .mib = 2, .growth_kib = 900, .pgroup = true, .uid = 9}},
	 "all",
	 {"process smaller"}},
	{"… if most of the growth is its own",
	 {{.name = "all", .mib = 200, .growth_kib = 9500, .pgroup = true, .all = true, .uid = 9},
	  {.name = "part", .mib = 40, .growth_kib = 900, .pgroup = true, .uid = 9}},
	 "all",
	 {"process slower growth"}},
	{"… and it is not another's",
	 {{.name = "all", .mib = 200, .growth_kib = 950, .pgroup = true, .all = true, .uid = 9},
	  {.name = "part", .mib = 40, .growth_kib = 900, .pgroup = true, .uid = 8}},
	 "all",
	 {"process smaller"}},
	{"nothing grows: all of it",
	 {{.name = "all", .mib = 200, .pgroup = true, .all = true, .uid = 9},
	  {.name = "part", .mib = 40, .pgroup = true, .uid = 9}},
	 "all",
	 {"process smaller"}},
	{"only tmpfs", {{.name = "volume", .mib = 100, .shmem_mib = 100}}, "volume", {NULL}},
	{"more shared memory than usage: readings of two moments",
	 {{.name = "odd", .mib = 90, .shmem_mib = 95}, {.name = "web", .mib = 60}},
	 "web",
	 {"odd smaller"}},
};

static void set_context(struct snapshot *w, const struct context *context)
{
	w->host.mem_total = 416 * MIB;
	w->host.mem_available = 10 * MIB;
	for (uint32_t i = 0; i < ARRAY_SIZE(context->identity) && context->identity[i].name; i++) {
		const struct identity *identity = &context->identity[i];
		struct hr_slot *s;

		if (identity->pgroup) {
			struct process_group *pgroup = &w->pgroup[w->w.pgroups++];

			*pgroup = (struct process_group){
				.pgid = 500 + i,
				.pid = 510 + i,
				.start_boottime_ns = 7,
				.processes = 40,
				.age_ms = identity->age_s ? identity->age_s * 1000 : HR_UNKNOWN,
				.user = identity->uid,
				.members.of =
					identity->all ? PROCESSES_OF_USER : PROCESSES_OF_GROUP,
				.leader_start_ns = 6,
				.rss = identity->mib * MIB,
				.largest_rss = 6 * MIB,
				.growth_bytes_per_second = identity->growth_kib * 1024};
			snprintf(pgroup->comm, sizeof(pgroup->comm), "%s", identity->name);
			continue;
		}
		s = world_container(w, i, identity->name, identity->mib);
		s->memory.low = identity->low_mib * MIB;
		s->memory.shmem = identity->shmem_mib * MIB;
		s->forecast.drift_bytes_per_second = identity->growth_kib * 1024;
		s->forecast.risk_centi = identity->risk;
		if (identity->user) {
			char path[64];

			snprintf(path, sizeof(path), "%s/%s", identity->user, identity->name);
			s->id.cgroup = slot_text(s, path);
			s->id.root_path = (uint16_t)strlen(identity->user);
			s->id.chosen = HR_CHOSEN_PATH | (identity->wish ? HR_CHOSEN_WISH : 0);
		}
		if (identity->protected)
			set_protect(w, POLICY_NAME, identity->name);
		if (identity->unnamed)
			s->id.workload = 0;
	}
}

static void check_skipped(struct snapshot *w, const struct context *context)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(context->skipped) && context->skipped[i]; i++) {
		uint32_t slot = w->last.skipped[i].slot;
		char text[128];

		assert_true(i < w->last.skipped_count);
		snprintf(text, sizeof(text), "%s %s",
			 slot == HR_UNKNOWN_U32
				 ? "process"
				 : hr_slot_text(&w->slot[slot], w->slot[slot].id.name),
			 hr_skip_reason_name(w->last.skipped[i].record.reason));
		if (strcmp(text, context->skipped[i]) != 0)
			fail_msg("%s: skipped: %s, not %s", context->name, text,
				 context->skipped[i]);
	}
}

static void test_contexts(void **state)
{
	for (int mode = MODE_DRY_RUN; mode <= MODE_ENFORCE; mode++)
		for (size_t i = 0; i < ARRAY_SIZE(contexts); i++) {
			struct snapshot *w = world_new(mode);
			const struct context *context = &contexts[i];

			set_context(w, context);
			set_add(w, &host_low);
			world_rules(w);
			world_run(w, 1);
			if (!context->victim) {
				assert_int_equal(w->actions, 0);
			} else if (w->actions != 1 ||
				   strcmp(world_name(w, &w->last.target), context->victim) != 0) {
				fail_msg("%s: %u actions, %s", context->name, w->actions,
					 w->actions ? world_name(w, &w->last.target) : "-");
			} else {
				check_skipped(w, context);
			}
			world_free(w);
		}
}

/* The target is a whole process group, by its pgid; of one that holds others its largest process, by its pid. */
static void test_process_group_target(void **state)
{
	static const struct context context = {
		"process group", {{.name = "make", .mib = 240, .pgroup = true}}, NULL, {NULL}};
	static const struct rule_spec hog = {"hog",
					     {.mode = MODE_ENFORCE,
					      .conditions = WHEN(RSS),
					      .threshold[CONDITION_RSS] = {5 * MIB, 0, 0},
					      .host_processes = 1,
					      ACTIONS(TERM(5), KILL)},
					     {{POLICY_PROCESS + 1, NULL, "ma*"}},
					     NULL};
	struct snapshot *w = world_new(MODE_ENFORCE);

	set_context(w, &context);
	set_add(w, &host_low);
	world_rules(w);
	world_run(w, 1);
	assert_int_equal(w->last.target.slot, HR_UNKNOWN_U32);
	assert_int_equal(w->last.target.pgid, 500);
	assert_int_equal(w->last.target.pid, 510);
	assert_int_equal(w->last.target.leader_start_ns, 6);
	w->w.pgroups = 0; /* it is gone */
	w->host.mem_available = 300 * MIB;
	world_run(w, 3);
	assert_int_equal(w->ends, 1);
	assert_int_equal(w->last_outcome.averted, 1);
	world_free(w);

	w = world_new(MODE_ENFORCE);
	set_context(w, &context);
	set_add(w, &hog);
	world_rules(w);
	world_run(w, 7);
	assert_string_equal(w->log, "1 do term make 1/2 by hog\n6 do kill make 2/2 by hog\n");
	assert_int_equal(w->last.target.pgid, 500);
	assert_int_equal(w->last.target.pid, 510);
	world_free(w);

	w = world_new(MODE_ENFORCE); /* others in it: only the process that the policy matches */
	set_context(w, &context);
	w->pgroup[0].flags |= PGROUP_HOLDS_OTHERS;
	set_add(w, &hog);
	world_rules(w);
	world_run(w, 2);
	assert_string_equal(w->log, "1 do term make 1/2 by hog\n");
	assert_int_equal(w->last.target.pgid, 0);
	assert_int_equal(w->last.target.pid, 510);
	world_free(w);

	w = world_new(MODE_ENFORCE); /* others joined it after SIGTERM */
	set_context(w, &context);
	set_add(w, &hog);
	world_rules(w);
	world_run(w, 2);
	w->pgroup[0].flags |= PGROUP_HOLDS_OTHERS;
	world_run(w, 7);
	assert_int_equal(w->kills, 0);
	world_free(w);
}

/* What a process group held a moment ago counts; while that is not known, the choice waits, but for one that is plainly the cause. */
static void test_recent(void **state)
{
	static const struct context context = {"drops",
					       {{.name = "drops", .mib = 1, .pgroup = true},
						{.name = "stands", .mib = 2, .pgroup = true}},
					       NULL,
					       {NULL}};
	static const struct context plain = {
		"grows",
		{{.name = "grows", .mib = 240, .growth_kib = 900, .pgroup = true}},
		NULL,
		{NULL}};
	struct snapshot *w = world_new(MODE_ENFORCE);

	set_context(w, &context);
	set_add(w, &host_low);
	world_rules(w);
	w->w.pgroups_new = true;
	world_step_ms(w, 500);
	world_step_ms(w, 500);
	assert_int_equal(w->actions, 0);
	w->pgroup[0].recent = 3 * MIB;
	w->w.pgroups_new = false;
	world_step_ms(w, 100);
	assert_int_equal(w->actions, 1);
	assert_string_equal(world_name(w, &w->last.target), "drops");
	world_free(w);

	w = world_new(MODE_ENFORCE);
	set_context(w, &context);
	set_add(w, &host_low);
	world_rules(w);
	w->w.pgroups_new = true; /* no pass ends */
	world_step_ms(w, 100);
	world_step_ms(w, 2500);
	assert_int_equal(w->actions, 1);
	assert_string_equal(world_name(w, &w->last.target), "stands");
	world_free(w);

	w = world_new(MODE_ENFORCE);
	set_context(w, &plain);
	set_add(w, &host_low);
	world_rules(w);
	w->w.pgroups_new = true;
	world_step_ms(w, 100);
	assert_int_equal(w->actions, 1);
	world_free(w);
}

/* A server was first listed while it was small, a hog when it had all: both began a moment ago, and the hog has grown more. */
static void test_young(void **state)
{
	static const struct context small = {
		"small", {{.name = "server", .mib = 2, .pgroup = true, .age_s = 1}}, NULL, {NULL}};
	static const struct context both = {
		"both",
		{{.name = "server", .mib = 26, .pgroup = true, .age_s = 6},
		 {.name = "hog", .mib = 126, .pgroup = true, .age_s = 5},
		 {.name = "old", .mib = 140, .pgroup = true, .age_s = 3000}},
		NULL,
		{NULL}};
	struct snapshot *w = world_new(MODE_ENFORCE);

	set_context(w, &small);
	set_add(w, &host_low);
	world_rules(w);
	w->host.mem_available = 400 * MIB;
	world_run(w, 5);
	assert_int_equal(w->actions, 0);
	w->w.pgroups = 0;
	set_context(w, &both);
	world_run(w, 1);
	assert_int_equal(w->actions, 1);
	assert_string_equal(world_name(w, &w->last.target), "hog");
	world_free(w);

	/* That does not make one plainly the cause: the hog may hold little at the moment of the list. */
	w = world_new(MODE_ENFORCE);
	set_context(w, &small);
	set_add(w, &host_low);
	world_rules(w);
	w->host.mem_available = 400 * MIB;
	world_run(w, 8);
	w->w.pgroups = 0;
	set_context(w, &both);
	w->pgroup[1].rss = 2 * MIB;
	w->w.pgroups_new = true;
	world_step_ms(w, 500);
	world_step_ms(w, 500);
	assert_int_equal(w->actions, 0);
	w->pgroup[1].recent = 126 * MIB;
	w->w.pgroups_new = false;
	world_step_ms(w, 100);
	assert_int_equal(w->actions, 1);
	assert_string_equal(world_name(w, &w->last.target), "hog");
	world_free(w);
}

/* A list of processes from before the hog began serves for no choice, until the pass is known to hang. */
static void test_old_list(void **state)
{
	static const struct context before = {
		"before", {{.name = "server", .mib = 100, .pgroup = true}}, NULL, {NULL}};
	static const struct context now = {
		"now", {{.name = "hog", .mib = 240, .pgroup = true}}, NULL, {NULL}};
	struct snapshot *w = world_new(MODE_ENFORCE);

	set_context(w, &before);
	set_add(w, &host_low);
	world_rules(w);
	w->w.pgroups_ns = w->w.now_ns - 2 * SEC;
	world_step_ms(w, 500);
	world_step_ms(w, 500);
	assert_int_equal(w->actions, 0);
	set_context(w, &now);
	w->w.pgroups_ns = w->w.now_ns;
	world_step_ms(w, 100);
	assert_string_equal(world_name(w, &w->last.target), "hog");
	world_free(w);

	w = world_new(MODE_ENFORCE);
	set_context(w, &before);
	set_add(w, &host_low);
	world_rules(w);
	w->w.pgroups_ns = w->w.now_ns - 2 * SEC;
	world_step_ms(w, 100);
	world_step_ms(w, 2500);
	assert_string_equal(world_name(w, &w->last.target), "server");
	world_free(w);
}

static void skip_first(struct snapshot *w, const struct action *action)
{
	if (w->actions == 1)
		world_answer(w, action, HR_STATUS_SKIPPED);
}

/* What was another process by the time of the action is looked for on the next list; nothing else is taken from the old one. */
static void test_missed(void **state)
{
	static const struct context context = {"hides",
					       {{.name = "hides", .mib = 200, .pgroup = true},
						{.name = "stands", .mib = 60, .pgroup = true}},
					       NULL,
					       {NULL}};
	struct snapshot *w = world_new(MODE_ENFORCE);

	set_context(w, &context);
	set_add(w, &host_low);
	world_rules(w);
	w->answer = ANSWER_NEVER;
	w->on_order = skip_first;
	w->w.pgroups_ns = w->w.now_ns + 1;
	world_step_ms(w, 100);
	world_step_ms(w, 100);
	assert_int_equal(w->actions, 1);
	w->w.pgroups_ns = w->w.now_ns + 1;
	world_step_ms(w, 100);
	assert_int_equal(w->actions, 2);
	assert_string_equal(world_name(w, &w->last.target), "hides");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_young),    cmocka_unit_test(test_old_list),
		cmocka_unit_test(test_missed),   cmocka_unit_test(test_recent),
		cmocka_unit_test(test_contexts), cmocka_unit_test(test_process_group_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
