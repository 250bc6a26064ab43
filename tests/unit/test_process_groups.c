// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Processes outside containers, grouped: which are one target, which are never one, and how fast it grows. */
#include "fixture_process_groups.h"

static void test_many_small_are_one(void **state)
{
	memset(&groups, 0, sizeof(groups));
	begin();
	add(400, 400, 90 * MIB, "postgres");
	for (uint32_t i = 0; i < 40; i++)
		add(500 + i, 500, (6 + i % 2) * MIB, "cc1");
	process_groups_end(&groups, SECOND, SECOND);
	assert_int_equal(groups.n, 2);
	assert_int_equal(groups.group[0].pgid, 500); /* largest first */
	assert_int_equal(groups.group[0].processes, 40);
	assert_int_equal(groups.group[0].rss, 260 * MIB);
	assert_int_equal(groups.group[0].largest_rss, 7 * MIB);
	assert_int_equal(groups.group[0].pid, 501);
	assert_int_equal(groups.group[0].start_boottime_ns, 501000);
	assert_int_equal(groups.group[0].leader_start_ns, 500000);
	assert_true(groups.group[0].growth_bytes_per_second == HR_UNKNOWN_I64);
	assert_string_equal(groups.group[0].comm, "cc1");
}

/* What the processes of a group share counts once: by the proportional set size of each, as far as it is known. */
static void test_shared_counts_once(void **state)
{
	static const struct {
		const char *name;
		uint32_t n, known; /* processes; of how many the pss is known */
		uint64_t anon, file, shmem, pss, least, most; /* MiB, of each; of the group */
		bool same_mm;
	} rows[] = {
		{"workers that share buffers", 13, 13, 5, 1, 60, 6, 78, 78, false},
		{"workers, copy on write", 13, 13, 65, 1, 0, 6, 78, 78, false},
		{"half of them read", 12, 6, 65, 1, 0, 6, 71, 72, false},
		{"shared buffers, none read", 40, 0, 2, 1, 100, 0, 181, 181, false},
		{"a library, none read", 40, 0, 2, 30, 0, 0, 110, 110, false},
		{"many small ones", 7, 7, 40, 0, 0, 40, 280, 280, false},
		{"many small ones, none read", 7, 0, 40, 0, 0, 0, 280, 280, false},
		{"the same memory twice", 2, 2, 40, 0, 0, 40, 40, 40, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&groups, 0, sizeof(groups));
		begin();
		for (uint32_t k = 0; k < rows[i].n; k++) {
			struct task_sample task = {
				.pid = 500 + k,
				.pgid = 500,
				.start_boottime_ns = k + 1,
				.file = rows[i].file * MIB,
				.shmem = rows[i].shmem * MIB,
				.rss = (rows[i].anon + rows[i].file + rows[i].shmem) * MIB,
				.pss = k < rows[i].known ? rows[i].pss * MIB : RECORD_UNKNOWN,
				.mm = rows[i].same_mm ? 77 : 1000 + k * 64,
			};

			put(&task, PROCESS_FREE);
		}
		process_groups_end(&groups, 5 * SECOND, 9 * SECOND);
		if (find(500)->rss < rows[i].least * MIB || find(500)->rss > rows[i].most * MIB)
			fail_msg("%s: %llu MiB", rows[i].name,
				 (unsigned long long)(find(500)->rss / MIB));
		assert_int_equal(find(500)->age_ms, 8999); /* of the oldest */
	}
}

static void test_growth(void **state)
{
	memset(&groups, 0, sizeof(groups));
	for (uint64_t pass = 1; pass <= 3; pass++) {
		begin();
		add(500, 500, pass * 10 * MIB, "grows");
		add(600, 600, 50 * MIB, "stands");
		add(700 + (uint32_t)pass, 700, pass * 10 * MIB,
		    "anew"); /* its leader is not seen */
		process_groups_end(&groups, pass * 2 * SECOND, pass * 2 * SECOND);
	}
	assert_int_equal(find(500)->growth_bytes_per_second, 5 * MIB);
	assert_int_equal(find(600)->growth_bytes_per_second, 0);
	assert_int_equal(find(700)->growth_bytes_per_second, 5 * MIB);
	/* The number is another group's by now. */
	begin();
	put(&(struct task_sample){.pid = 500,
				  .pgid = 500,
				  .rss = 99 * MIB,
				  .pss = RECORD_UNKNOWN,
				  .start_boottime_ns = 1},
	    PROCESS_FREE);
	process_groups_end(&groups, 8 * SECOND, 8 * SECOND);
	assert_true(find(500)->growth_bytes_per_second == HR_UNKNOWN_I64);
}

/* A build that began since the last pass has grown by all that it holds; one without its leader, or one that was only too small to be
 * listed, has not. */
static void test_newborn(void **state)
{
	static const struct {
		const char *name;
		struct task_sample task;
		int64_t growth;
	} rows[] = {
		{"new",
		 {.pid = 900, .pgid = 900, .start_boottime_ns = 2 * SECOND + 1},
		 20 * (int64_t)MIB},
		{"new, its leader not seen",
		 {.pid = 901, .pgid = 890, .start_boottime_ns = 3 * SECOND},
		 20 * (int64_t)MIB},
		{"old, not listed before",
		 {.pid = 902, .pgid = 902, .start_boottime_ns = SECOND},
		 HR_UNKNOWN_I64},
		{"old, its leader has gone",
		 {.pid = 800, .pgid = 500, .start_boottime_ns = 3 * SECOND},
		 HR_UNKNOWN_I64},
	};

	memset(&groups, 0, sizeof(groups));
	begin();
	add(500, 500, 40 * MIB, "leads");
	process_groups_end(&groups, 2 * SECOND, 2 * SECOND);
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct task_sample task = rows[i].task;

		task.rss = 40 * MIB;
		task.pss = RECORD_UNKNOWN;
		put(&task, PROCESS_FREE);
	}
	process_groups_end(&groups, 4 * SECOND, 4 * SECOND);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (find(rows[i].task.pgid)->growth_bytes_per_second != rows[i].growth)
			fail_msg("%s: %lld", rows[i].name,
				 (long long)find(rows[i].task.pgid)->growth_bytes_per_second);
}

/* A runtime is what root, in the initial namespaces, runs from a file of this name; not what calls itself so. */
static void test_flags(void **state)
{
	static const struct {
		uint32_t pid, pgid;
		const char *comm, *exe;
		bool root;
		uint32_t flags;
	} rows[] = {
		{1, 1, "systemd", "systemd", true, PGROUP_INIT},
		{300, OWN, "headroomd", "headroomd", true, PGROUP_SELF},
		{301, 301, "dockerd", "dockerd", true, PGROUP_RUNTIME},
		{302, 302, "anything", "containerd-shim", true, PGROUP_RUNTIME},
		{303, 303, "containerd-shim", "containerd-shim-runc-v2", true, PGROUP_RUNTIME},
		{304, 304, "dockerd2", "dockerd2", true, 0},
		{305, 305, "cc1", "cc1", true, 0},
		{306, 0, "alone", "alone", true, 0},
		{308, 308, "dockerd", "hog", true, 0},
		{309, 309, "dockerd", "dockerd", false, 0},
		{310, 310, "conmon", "", true, 0},
	};

	memset(&groups, 0, sizeof(groups));
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct task_sample task = {.pid = rows[i].pid,
					   .pgid = rows[i].pgid,
					   .rss = MIB,
					   .pss = RECORD_UNKNOWN,
					   .flags = rows[i].root ? TASK_HOST_ROOT : 0};

		snprintf(task.comm, sizeof(task.comm), "%.15s", rows[i].comm);
		snprintf(task.exe, sizeof(task.exe), "%.15s", rows[i].exe);
		put(&task, PROCESS_FREE);
	}
	process_groups_end(&groups, SECOND, SECOND);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct process_group *job = find(rows[i].pgid ? rows[i].pgid : rows[i].pid);

		assert_non_null(job);
		if (job->flags != rows[i].flags)
			fail_msg("%u (%s): 0x%x", rows[i].pid, rows[i].comm, job->flags);
	}
}

/* Exempt processes of a group are left alone, and do not count; a group of nothing else is exempt. */
static void test_beside(void **state)
{
	struct task_sample cc1 = {.pid = 502, .pgid = 500, .rss = 50 * MIB, .pss = RECORD_UNKNOWN},
			   exempt = {.pid = 501,
				     .pgid = 500,
				     .rss = 70 * MIB,
				     .pss = RECORD_UNKNOWN,
				     .oom_score_adj = -1000},
			   alone = {.pid = 600,
				    .rss = MIB,
				    .pss = RECORD_UNKNOWN,
				    .oom_score_adj = -1000},
			   held = {.pid = 503,
				   .pgid = 500,
				   .memcg_id = 9,
				   .rss = 90 * MIB,
				   .pss = RECORD_UNKNOWN},
			   elsewhere = {.pid = 701, .pgid = 700, .rss = MIB, .pss = RECORD_UNKNOWN};

	memset(&groups, 0, sizeof(groups));
	begin();
	cc1.memcg_id = 5;
	put(&exempt, PROCESS_FREE);
	put(&alone, PROCESS_FREE);
	put(&cc1, PROCESS_FREE);
	put(&held, PROCESS_CONTAINED);
	put(&elsewhere, PROCESS_CONTAINED);
	process_groups_end(&groups, SECOND, SECOND);
	assert_int_equal(find(500)->flags, 0);
	assert_int_equal(find(500)->pid, 502);
	assert_int_equal(find(500)->rss, 50 * MIB);
	assert_int_equal(find(500)->members.n_spared, 1);
	assert_int_equal(find(500)->members.spared[0], 501);
	assert_int_equal(find(500)->members.n_cgroups, 1); /* not those in the container */
	assert_int_equal(find(500)->members.cgroup[0], 5);
	assert_int_equal(find(600)->flags, PGROUP_EXEMPT);
	assert_int_equal(find(600)->members.n_spared, 0);
	assert_null(find(700));
	/* More than can be spared: it is said. */
	begin();
	put(&cc1, PROCESS_FREE);
	for (uint32_t i = 0; i <= PGROUP_SPARED; i++) {
		exempt.pid = 510 + i;
		put(&exempt, i % 2 ? PROCESS_PROTECTED : PROCESS_FREE);
	}
	process_groups_end(&groups, 2 * SECOND, 2 * SECOND);
	assert_int_equal(find(500)->flags, PGROUP_HOLDS_OTHERS);
}

/* However many groups there are, and in whatever order: the largest are kept. */
static void test_space(void **state)
{
	memset(&groups, 0, sizeof(groups));
	for (uint32_t n = 256; n <= PROCESS_GROUPS_TASKS; n *= 2) {
		begin();
		for (uint32_t i = 0; i < n; i++)
			add(1000 + i, 1000 + i, (i * 37 % n + 1) * MIB, "x");
		process_groups_end(&groups, n * SECOND, n * SECOND);
		assert_int_equal(groups.n, POLICY_PROCESS_GROUPS);
		for (uint32_t i = 0; i < POLICY_PROCESS_GROUPS; i++)
			assert_int_equal(groups.group[i].rss, (n - i) * MIB);
		assert_int_equal(groups.lost, 0);
	}
	begin();
	for (uint32_t i = 0; i < PROCESS_GROUPS_TASKS + 7; i++)
		add(1000 + i, 1000 + i, MIB, "x");
	process_groups_end(&groups, 9999 * SECOND, 9999 * SECOND);
	assert_int_equal(groups.lost, 7);
}

/* Memory that is spread: by what it has in common, unless a part of that explains it. */
static void test_spread(void **state)
{
	static const struct {
		const char *name;
		uint32_t n, per_group, per_session, users, cgroups;
		uint64_t mib;
		int largest; /* enum processes_of; what is the largest target */
		uint64_t rss;
	} rows[] = {
		{"one process", 1, 1, 1, 1, 1, 300, PROCESSES_OF_GROUP, 300},
		{"a build", 40, 40, 40, 1, 1, 10, PROCESSES_OF_GROUP, 400},
		{"forty groups of one session", 40, 1, 40, 1, 1, 10, PROCESSES_OF_SESSION, 400},
		{"300 sessions of one user", 300, 1, 1, 1, 1, 2, PROCESSES_OF_USER, 600},
		{"… in as many cgroups", 300, 1, 1, 1, 300, 2, PROCESSES_OF_USER, 600},
		{"300 users, one cgroup", 300, 1, 1, 300, 1, 2, PROCESSES_OF_CGROUP, 600},
		{"three programs of one user", 3, 1, 1, 1, 1, 100, PROCESSES_OF_GROUP, 100},
		{"nothing in common", 300, 1, 1, 300, 300, 2, PROCESSES_OF_GROUP, 2},
		{"root has services, no user", 300, 1, 1, 0, 300, 2, PROCESSES_OF_GROUP, 2},
		{"root's, in one cgroup", 300, 1, 1, 0, 1, 2, PROCESSES_OF_CGROUP, 600},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&groups, 0, sizeof(groups));
		begin();
		for (uint32_t k = 0; k < rows[i].n; k++)
			put(
				&(struct task_sample){
					.pid = 2000 + k,
					.pgid = 2000 + k / rows[i].per_group * rows[i].per_group,
					.sid = 2000 + k / rows[i].per_session * rows[i].per_session,
					.user = rows[i].users ? 1000 + k % rows[i].users : 0,
					.memcg_id = 50 + k % rows[i].cgroups,
					.rss = rows[i].mib * MIB,
					.pss = RECORD_UNKNOWN,
					.start_boottime_ns = k + 1},
				PROCESS_FREE);
		process_groups_end(&groups, 5 * SECOND, 9 * SECOND);
		if ((int)groups.group[0].members.of != rows[i].largest ||
		    groups.group[0].rss != rows[i].rss * MIB)
			fail_msg("%s: %u, %llu MiB", rows[i].name, groups.group[0].members.of,
				 (unsigned long long)(groups.group[0].rss / MIB));
		assert_int_equal(groups.group[0].members.id,
				 rows[i].largest == PROCESSES_OF_USER      ? 1000
				 : rows[i].largest == PROCESSES_OF_CGROUP  ? 50
				 : rows[i].largest == PROCESSES_OF_SESSION ? 2000
									   : groups.group[0].pgid);
	}
}

/* Where the processes of a user are: services of root's with the same uid are several programs, the logins of a user are one. */
static void test_places(void **state)
{
	static const struct {
		const char *name;
		uint32_t services, logins, n, uids; /* of the n processes so many are in services */
		bool mixed;
		uint32_t cgroups;
		int largest;
		uint64_t rss; /* MiB */
		uint32_t id;
	} rows[] = {
		{"eight services of www-data", 8, 0, 8, 1, false, 8, PROCESSES_OF_GROUP, 30, 0},
		{"one service of 40 backends", 1, 0, 40, 1, false, 40, PROCESSES_OF_USER, 1200, 33},
		{"two of 20 each", 2, 0, 40, 1, false, 40, PROCESSES_OF_USER, 600, 33},
		{"a user's logins", 0, 1, 40, 1, false, 40, PROCESSES_OF_USER, 1200, 1000},
		{"… with subordinate uids", 0, 1, 40, 40, false, 40, PROCESSES_OF_USER, 1200, 1000},
		{"six users in sshd's own", 1, 0, 6, 6, true, 1, PROCESSES_OF_GROUP, 30, 0},
		{"one user there", 1, 0, 40, 1, true, 1, PROCESSES_OF_USER, 1200, 33},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&groups, 0, sizeof(groups));
		begin();
		for (uint32_t k = 0; k < rows[i].n; k++)
			put_in(&(struct task_sample){.pid = 2000 + k,
						     .pgid = 2000 + k,
						     .sid = 2000 + k,
						     .user = 33 + k % rows[i].uids,
						     .memcg_id = 50 + k % rows[i].cgroups,
						     .rss = 30 * MIB,
						     .pss = RECORD_UNKNOWN,
						     .start_boottime_ns = k + 1},
			       (struct process_place){
				       .unit = rows[i].logins ? 0 : 7 + k % rows[i].services,
				       .login = rows[i].logins ? 1000 : 0,
				       .mixed = rows[i].mixed});
		process_groups_end(&groups, 5 * SECOND, 9 * SECOND);
		if ((int)groups.group[0].members.of != rows[i].largest ||
		    groups.group[0].rss != rows[i].rss * MIB)
			fail_msg("%s: %u, %llu MiB", rows[i].name, groups.group[0].members.of,
				 (unsigned long long)(groups.group[0].rss / MIB));
		if (!rows[i].id)
			continue;
		assert_int_equal(groups.group[0].members.id, rows[i].id);
		assert_int_equal(groups.group[0].pgid, rows[i].id);
		assert_int_equal(groups.group[0].members.unit != 0, !rows[i].logins);
	}
}

/* What a user calls by a protected name is spared where the others hold as much, and else not: else the name would save it. */
static void test_wishes(void **state)
{
	static const struct {
		const char *name;
		uint32_t wish, others;
		uint64_t wish_mib, mib;
		uint32_t spared, processes;
	} rows[] = {
		{"a desktop beside twenty", 1, 20, 100, 10, 1, 20},
		{"all wish", 20, 0, 10, 0, 0, 20},
		{"all but one small one", 20, 1, 10, 1, 0, 21},
		{"too many to be spared", 17, 20, 1, 10, 0, 37},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&groups, 0, sizeof(groups));
		begin();
		for (uint32_t k = 0; k < rows[i].wish + rows[i].others; k++) {
			bool wish = k < rows[i].wish;

			tasks[n_tasks] = (struct task_sample){
				.pid = 2000 + k,
				.pgid = 2000 + k,
				.sid = 2000 + k,
				.user = 1000,
				.memcg_id = 5,
				.rss = (wish ? rows[i].wish_mib : rows[i].mib) * MIB,
				.pss = RECORD_UNKNOWN,
				.start_boottime_ns = k + 1};
			process_groups_add(&groups, &tasks[n_tasks++],
					   &(struct process_facts){.exempt = wish ? PROCESS_WISHED
										  : PROCESS_FREE,
								   .own_name = true});
		}
		process_groups_end(&groups, 5 * SECOND, 9 * SECOND);
		if (!of(PROCESSES_OF_USER) ||
		    of(PROCESSES_OF_USER)->members.n_spared != rows[i].spared ||
		    of(PROCESSES_OF_USER)->processes != rows[i].processes ||
		    of(PROCESSES_OF_USER)->user != 1000 ||
		    of(PROCESSES_OF_USER)->flags != PGROUP_OWN_NAMES)
			fail_msg("%s", rows[i].name);
	}
}

/* Small processes of which one in some is listed. */
static void test_sampled(void **state)
{
	memset(&groups, 0, sizeof(groups));
	begin();
	for (uint32_t k = 0; k < 40; k++)
		put(&(struct task_sample){.pid = 2000 + k,
					  .sid = 2000 + k,
					  .user = 1000,
					  .memcg_id = 50,
					  .rss = MIB,
					  .weight = 16,
					  .pss = RECORD_UNKNOWN},
		    PROCESS_FREE);
	process_groups_end(&groups, SECOND, SECOND);
	assert_int_equal(of(PROCESSES_OF_USER)->rss, 640 * MIB);
	assert_int_equal(of(PROCESSES_OF_USER)->processes, 640);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_small_are_one),
		cmocka_unit_test(test_shared_counts_once),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_newborn),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_space),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_sampled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
