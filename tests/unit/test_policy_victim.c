// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When the host itself runs short: the culprit is taken, the largest innocent is not; one after the other, and not for longer
 * than it lasts. */
#include "fixture_policy.h"

static const struct rule_spec low = {"low",
				     {.mode = MODE_ENFORCE,
				      .conditions = WHEN(HOST_AVAILABLE),
				      .threshold[CONDITION_HOST_AVAILABLE] = {HR_UNKNOWN, 50, 0},
				      .cooldown_ms = 60000,
				      ACTIONS(KILL)},
				     {{0}},
				     NULL};

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
} scenes[] = {
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

static void test_scenes(void **state)
{
	for (int mode = MODE_DRY_RUN; mode <= MODE_ENFORCE; mode++)
		for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
			struct snapshot *w = world_new(mode);
			const struct context *context = &scenes[i];

			set_context(w, context);
			set_add(w, &low);
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
static void test_job_target(void **state)
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
	set_add(w, &low);
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
	set_add(w, &low);
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
	set_add(w, &low);
	world_rules(w);
	w->w.pgroups_new = true; /* no pass ends */
	world_step_ms(w, 100);
	world_step_ms(w, 2500);
	assert_int_equal(w->actions, 1);
	assert_string_equal(world_name(w, &w->last.target), "stands");
	world_free(w);

	w = world_new(MODE_ENFORCE);
	set_context(w, &plain);
	set_add(w, &low);
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
	set_add(w, &low);
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
	set_add(w, &low);
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
	set_add(w, &low);
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
	set_add(w, &low);
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
	set_add(w, &low);
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

/* One after the other: the next only when the first one's memory had time to show, and it is still short. */
static void test_one_at_a_time(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "first", 900)->forecast.drift_bytes_per_second = 8 * MIB;
	world_container(w, 1, "second", 800)->forecast.drift_bytes_per_second = 2 * MIB;
	world_container(w, 2, "third", 700);
	set_add(w, &low);
	world_rules(w);
	world_run(w, 3);
	assert_int_equal(w->actions, 1);
	world_ends(w, 0);
	world_step_ms(w, 500);
	assert_int_equal(w->actions, 1); /* its memory is on the way */
	world_run(w, 2);
	assert_int_equal(w->actions, 2); /* it was not enough */
	w->host.mem_available = 1000 * MIB;
	world_ends(w, 1);
	world_run(w, 20);
	assert_string_equal(w->log, "1 do kill first 1/1 by low\n4.5 do kill second 1/1 by low\n");
	assert_int_equal(w->last_outcome.averted, 1);
	world_free(w);
}

/* The host is still short after the first kill: what holds next to nothing of what is lacking, and does not grow, stays. */
static void test_too_small(void **state)
{
	static const struct {
		uint64_t innocent_mib;
		int64_t growth;
		bool taken;
	} rows[] = {
		{30, 0, false},
		{30, 40 * MIB, true},
		{30, HR_UNKNOWN_I64, true}, /* has just begun */
		{600, 0, true},
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct rule_spec rule = low;

		rule.p.for_ms = i % 2 ? 1000 : 0;
		rule.p.threshold[CONDITION_HOST_AVAILABLE] =
			(struct policy_threshold){HR_UNKNOWN, 900, 0};
		w->host.mem_total = 8192 * MIB;
		w->host.mem_available = 4096 * MIB;
		world_container(w, 0, "hog", 900)->forecast.drift_bytes_per_second = 80 * MIB;
		world_container(w, 1, "innocent", rows[i / 2].innocent_mib)
			->forecast.drift_bytes_per_second = rows[i / 2].growth;
		set_add(w, &rule);
		world_rules(w);
		world_run(w, 3);
		assert_int_equal(w->actions, 1);
		world_ends(w, 0);
		world_run(w, 20);
		assert_int_equal(strstr(w->log, "kill innocent") != NULL, rows[i / 2].taken);
		if (!rows[i / 2].taken)
			assert_int_equal(w->not_taken.skipped[0].record.reason, HR_SKIP_NO_HELP);
		/* Calm in between: another shortage. */
		w->host.mem_available = 8000 * MIB;
		world_run(w, 10);
		w->host.mem_available = 4096 * MIB;
		world_run(w, 20);
		assert_non_null(strstr(w->log, "kill innocent"));
		world_free(w);
	}
}

/* Its supervisor starts the hog anew, and it grows again: it is taken again, within the cooldown, and not the database. */
static void test_restarted_culprit(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "hog", 900)->forecast.drift_bytes_per_second = 8 * MIB;
	world_container(w, 1, "db", 950);
	set_add(w, &low);
	world_rules(w);
	world_run(w, 3);
	world_ends(w, 0);
	w->host.mem_available = 1000 * MIB;
	world_run(w, 10);
	world_container(w, 0, "hog", 900)->forecast.drift_bytes_per_second = 8 * MIB;
	w->host.mem_available = 100 * MIB;
	world_run(w, 3);
	assert_int_equal(w->actions, 2);
	assert_null(strstr(w->log, "kill db"));
	world_free(w);
}

/* What an escalation freed: a removed cgroup's cache and tmpfs are not gone with it. */
static void test_freed_at_removal(void **state)
{
	static const struct {
		uint64_t file_mib, freed_mib; /* HR_UNKNOWN */
	} rows[] = {{0, 200}, {50, 150}, {200, 0}, {250, 0}, {HR_UNKNOWN, HR_UNKNOWN}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct snapshot *w = world_new(MODE_ENFORCE);
		struct hr_slot *s = world_container(w, 0, "box", 200);

		s->memory.file =
			rows[i].file_mib == HR_UNKNOWN ? HR_UNKNOWN : rows[i].file_mib * MIB;
		w->host.mem_available = 10 * MIB;
		set_add(w, &low);
		world_rules(w);
		world_run(w, 1);
		assert_int_equal(w->kills, 1);
		world_ends(w, 0);
		w->host.mem_available = 3000 * MIB;
		world_run(w, 3);
		assert_int_equal(w->ends, 1);
		assert_int_equal(w->last_outcome.freed, rows[i].freed_mib == HR_UNKNOWN
								? HR_UNKNOWN
								: rows[i].freed_mib * MIB);
		world_free(w);
	}
}

/* One shortage gets one dry run, not one on each container. */
static void test_dry_run_once(void **state)
{
	struct snapshot *w = world_new(MODE_DRY_RUN);

	w->host.mem_available = 100 * MIB;
	for (uint32_t i = 0; i < 20; i++)
		world_container(w, i, "box", 100 + i);
	set_add(w, &low);
	world_rules(w);
	world_run(w, 600);
	assert_int_equal(w->actions, 1);
	w->host.mem_available = 1000 * MIB;
	world_run(w, 30);
	w->host.mem_available = 100 * MIB;
	world_run(w, 29);
	assert_int_equal(w->actions, 1);
	world_run(w, 10);
	assert_int_equal(w->actions, 2);
	world_free(w);
}

/* The kernel has just OOM-killed because the host ran short. */
static void test_hold_off(void **state)
{
	struct snapshot *w = world_new(MODE_ENFORCE);

	w->host.mem_available = 100 * MIB;
	world_container(w, 0, "box", 500);
	set_add(w, &low);
	world_rules(w);
	engine_oom_kill(w->engine, HR_UNKNOWN_U32, w->w.now_ns);
	world_run(w, 3);
	assert_string_equal(w->log, "1 refused kill box: recent kernel OOM kill\n");
	world_run(w, 2);
	assert_int_equal(w->kills, 1);
	world_free(w);
}

/* A more severe policy about the host takes over from a milder one, and not the other way round. */
static void test_harsher(void **state)
{
	struct rule_spec gentle = low, hard = low;
	struct snapshot *w = world_new(MODE_ENFORCE);

	gentle.name = "gentle";
	gentle.p.threshold[CONDITION_HOST_AVAILABLE].milli = 100;
	gentle.p.action[0] = (struct policy_action)TERM(30);
	hard.name = "hard";
	hard.p.threshold[CONDITION_HOST_AVAILABLE].milli = 30;
	set_add(w, &gentle);
	set_add(w, &hard);
	world_rules(w);
	world_container(w, 0, "a", 500);
	world_container(w, 1, "b", 400);
	w->host.mem_available = 300 * MIB;
	world_run(w, 2);
	w->host.mem_available = 100 * MIB;
	world_run(w, 2);
	assert_string_equal(w->log, "1 do term a 1/1 by gentle\n3 do kill a 1/1 by hard\n");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_young),
		cmocka_unit_test(test_old_list),
		cmocka_unit_test(test_missed),
		cmocka_unit_test(test_recent),
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_job_target),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_restarted_culprit),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_dry_run_once),
		cmocka_unit_test(test_freed_at_removal),
		cmocka_unit_test(test_hold_off),
		cmocka_unit_test(test_harsher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
