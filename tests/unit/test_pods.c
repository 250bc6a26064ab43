// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Cgroups that share a limit, swept once a second while some of them grow: which raises the alarm, and which is in no danger, for a
 * container takes no more of its pod than its own limit. Three layouts of Kubernetes (limits of containers, of the pod, of one container
 * of two), and slices.
 */
#include "fixture_daemon.h"

#include "collect/collect_internal.h"
#include "daemon/sampling.h"

#define MIB     (1u << 20)
#define CALM    90 /* seconds before the growth */
#define CGROUPS 6
#define NO      0.0

enum kind {
	GROUP = HR_KIND_GROUP,
	BOX = HR_KIND_CONTAINER,
	POD = HR_KIND_POD,
	PAUSE = HR_KIND_SANDBOX
};
enum expected {
	QUIET,  /* raises no alarm; another may, for a danger that it shares */
	SAFE,   /* no danger: little risk, no time */
	RAISES, /* the one alarm */
};

struct member {
	const char *path; /* NULL: end */
	enum kind kind;
	int parent; /* index; -1: the root */
	double limit, used,
		growth; /* MiB; per second. growth of a cgroup with others below: its own, beside theirs */
	enum expected expected;
};

/* clang-format off */
static const struct situation {
	const char *name;
	int seconds; /* of growth; the alarm has to come by then */
	struct member member[CGROUPS];
} situations[] = {
	{"one container with its pod's limit", 28, {
		{"/pod", POD, -1, 64, 0, 0, QUIET}, {"/pod/app", BOX, 0, 64, 4, 2, RAISES}, {"/pod/pause", PAUSE, 0, NO, 0.2, 0, QUIET}}},
	{"the same, and the pause container has no name yet", 28, {
		{"/pod", POD, -1, 64, 0, 0, QUIET}, {"/pod/app", BOX, 0, 64, 4, 2, RAISES}, {"/pod/id", BOX, 0, NO, 0.2, 0, QUIET}}},
	{"the same in a slice of no known kind", 28, {
		{"/a.slice", GROUP, -1, 64, 0, 0, QUIET}, {"/a.slice/a", GROUP, 0, 64, 4, 2, RAISES}}},
	{"the pod's limit is the sum: the other one is not in danger", 28, {
		{"/pod", POD, -1, 96, 0, 0, SAFE}, {"/pod/app", BOX, 0, 64, 4, 2, RAISES}, {"/pod/log", BOX, 0, 32, 20, 0, SAFE},
		{"/pod/pause", PAUSE, 0, NO, 0.2, 0, SAFE}}},
	{"both grow: each to its own limit", 28, {
		{"/pod", POD, -1, 96, 0, 0, QUIET}, {"/pod/app", BOX, 0, 64, 4, 2, RAISES}, {"/pod/log", BOX, 0, 32, 2, 1, RAISES}}},
	{"one without a limit, in a pod with one: it can't be endangered by the other's growth", 22, {
		{"/pod", POD, -1, 200, 0, 0, SAFE}, {"/pod/app", BOX, 0, 48, 4, 2, RAISES}, {"/pod/db", BOX, 0, NO, 100, 0, SAFE}}},
	{"the one without a limit grows: it alone fills the pod", 48, {
		{"/pod", POD, -1, 200, 0, 0, QUIET}, {"/pod/app", BOX, 0, 48, 4, 0, QUIET}, {"/pod/db", BOX, 0, NO, 100, 2, RAISES}}},
	{"one with a limit far away grows slowly, another fills the pod first", 30, {
		{"/pod", POD, -1, 200, 0, 0, QUIET}, {"/pod/app", BOX, 0, 190, 40, 0.5, QUIET}, {"/pod/db", BOX, 0, NO, 60, 3, RAISES}}},
	{"a pod's limit alone, one container", 28, {
		{"/pod", POD, -1, 64, 0, 0, QUIET}, {"/pod/app", BOX, 0, NO, 4, 2, RAISES}, {"/pod/pause", PAUSE, 0, NO, 0.2, 0, QUIET}}},
	{"a pod's limit alone, two containers", 28, {
		{"/pod", POD, -1, 64, 0, 0, QUIET}, {"/pod/app", BOX, 0, NO, 4, 1.5, RAISES}, {"/pod/log", BOX, 0, NO, 4, 0.4, QUIET}}},
	{"containers' limits above the pod's", 28, {
		{"/pod", POD, -1, 64, 0, 0, QUIET}, {"/pod/app", BOX, 0, 60, 4, 2, RAISES}, {"/pod/log", BOX, 0, 60, 20, 0, QUIET}}},
	{"a tmpfs that a container which has ended left in the pod", 18, {
		{"/pod", POD, -1, 64, 20, 0, QUIET}, {"/pod/app", BOX, 0, 64, 4, 2, RAISES}, {"/pod/pause", PAUSE, 0, NO, 0.2, 0, QUIET}}},
	{"a pod below the node's limit for pods: no other pod is in danger", 28, {
		{"/kubepods", GROUP, -1, 400, 0, 0, SAFE}, {"/kubepods/pod", POD, 0, 64, 0, 0, QUIET},
		{"/kubepods/pod/app", BOX, 1, 64, 4, 2, RAISES}, {"/kubepods/free", POD, 0, NO, 0, 0, SAFE},
		{"/kubepods/free/job", BOX, 3, NO, 280, 0, SAFE}}},
	{"pods without limits fill the node's", 24, {
		{"/kubepods", GROUP, -1, 100, 0, 0, RAISES}, {"/kubepods/a", POD, 0, NO, 0, 0, QUIET},
		{"/kubepods/a/app", BOX, 1, NO, 40, 2, QUIET}, {"/kubepods/b", POD, 0, NO, 0, 0, QUIET},
		{"/kubepods/b/app", BOX, 3, NO, 10, 0, QUIET}}},
	{"an init container, alone in the pod, with a lower limit than the pod has", 14, {
		{"/pod", POD, -1, 96, 0, 0, SAFE}, {"/pod/init", BOX, 0, 32, 4, 2, RAISES}, {"/pod/pause", PAUSE, 0, NO, 0.2, 0, SAFE}}},
	{"a pod without a container so far: the pod", 30, {
		{"/pod", POD, -1, 64, 0, 0, RAISES}, {"/pod/pause", PAUSE, 0, NO, 1, 2, QUIET}}},
	{"a leak of an hour and a half up to its own limit", 5300, {
		{"/pod", POD, -1, 200, 0, 0, SAFE}, {"/pod/app", BOX, 0, 64, 10, 0.01, RAISES}, {"/pod/db", BOX, 0, NO, 100, 0, SAFE},
		{"/pod/pause", PAUSE, 0, NO, 0.2, 0, SAFE}}},
	{"a slice with services: the slice", 28, {
		{"/a.slice", GROUP, -1, 64, 0, 0, RAISES}, {"/a.slice/a", GROUP, 0, NO, 4, 2, QUIET}, {"/a.slice/b", GROUP, 0, 500, 4, 0, QUIET}}},
};
/* clang-format on */

static struct collector no_bpf;
static struct memcg_sample rows[CGROUPS + 1];
static struct account accounts[CGROUPS + 1];
static int parents[CGROUPS + 1];
static uint32_t track_of_row[CGROUPS + 1], moving[CGROUPS + 1];

static void no_count(struct track *track, uint64_t now_ns, void *arg) {}

static void begin(const struct situation *s)
{
	struct worker_job *job;

	fake_open("mode: observe\n");
	fake.sampling.containers = &fake.containers;
	fake.sampling.board = fake.board;
	fake.sampling.counted = no_count;
	for (size_t i = 0; i < ARRAY_SIZE(no_bpf.loaded.map); i++)
		no_bpf.loaded.map[i] = -1;
	fake.sampling.collector = &no_bpf;
	fake.sampling.has_host = true;
	fake.sampling.host =
		(struct host_sample){.mem_total = 64ull << 30, .mem_available = 32ull << 30};
	fast_poll_init(&fake.sampling.fast_poll, &fake.containers);
	board_host_begin(fake.board)->forecast.risk_centi = UINT16_MAX;
	board_host_end(fake.board);
	fake_container(0, 1, "", "/");
	for (uint32_t i = 0; i < CGROUPS && s->member[i].path; i++) {
		fake_container(i + 1, i + 2, s->member[i].path, s->member[i].path);
		board_slot_begin(fake.board, i + 1)->id.kind = s->member[i].kind;
		board_slot_end(fake.board, i + 1);
	}
	board_slot_begin(fake.board, 0)->id.kind = HR_KIND_GROUP;
	board_slot_end(fake.board, 0);
	job = &fake.sampling.worker.job;
	job->rows = rows;
	job->accounts = accounts;
	job->parent = parents;
	job->track = track_of_row;
	job->moving = moving;
	job->begun_ns = 1000 * NS_PER_SEC;
}

/* A new cgroup has nothing; then it grows from what it used to use. */
static double used_by(const struct situation *s, int i, int second)
{
	const struct member *m = &s->member[i];
	double used = m->used + (second > CALM ? m->growth * (second - CALM) : 0);

	for (int k = 0; k < CGROUPS && s->member[k].path; k++)
		if (s->member[k].parent == i)
			used += used_by(s, k, second);
	return m->limit > 0 && used > m->limit ? m->limit : used;
}

static void sweep(const struct situation *s, int second)
{
	struct worker_job *job = &fake.sampling.worker.job;

	job->n_rows = 0;
	for (int i = -1; i < CGROUPS && (i < 0 || s->member[i].path); i++) {
		const struct member *m = i < 0 ? NULL : &s->member[i];
		struct memcg_sample *row = &rows[job->n_rows++];

		memset(row, 0xff, sizeof(*row));
		row->id = (__u64)(i + 2);
		row->parent_id = !m || m->parent < 0 ? 0 : (__u64)(m->parent + 2);
		row->level = !m ? 0 : m->parent < 0 ? 1 : rows[m->parent + 1].level + 1;
		row->flags = SAMPLE_STAT | SAMPLE_POPULATED;
		if (m && (m->kind == BOX || m->kind == PAUSE || m->used > 0))
			row->flags |= SAMPLE_HAS_TASKS;
		row->active_file = row->inactive_file = row->file_dirty = row->file_writeback = 0;
		row->slab_reclaimable = row->swap = row->swap_limit = 0;
		if (!m)
			continue;
		row->usage = row->anon = (__u64)(used_by(s, i, second) * MIB);
		if (m->limit > 0)
			row->limit = (__u64)(m->limit * MIB);
	}
	job->number++;
	job->begun_ns += NS_PER_SEC;
	sampling_sweep(&fake.sampling);
}

static void test_situations(void **state)
{
	for (size_t n = 0; n < ARRAY_SIZE(situations); n++) {
		const struct situation *s = &situations[n];
		unsigned int raised[CGROUPS] = {0}, risk[CGROUPS] = {0}, timed[CGROUPS] = {0};

		print_message("%s\n", s->name);
		begin(s);
		for (int second = 0; second <= CALM + s->seconds; second++) {
			sweep(s, second);
			for (uint32_t i = 0; i < CGROUPS && s->member[i].path; i++) {
				const struct hr_slot *at = board_slot(fake.board, i + 1);
				const struct track *track =
					tracks_get(&fake.containers.tracks, i + 2);

				assert_int_equal(!!track->alarm, !!(at->flags & HR_SLOT_ALARMS));
				raised[i] += track->alarm != HR_ALARM_NONE;
				if (second > CALM && at->forecast.risk_centi != UINT16_MAX &&
				    at->forecast.risk_centi > risk[i])
					risk[i] = at->forecast.risk_centi;
				timed[i] +=
					second > CALM && at->forecast.oom_in_p50_ms != HR_UNKNOWN;
			}
		}
		for (uint32_t i = 0; i < CGROUPS && s->member[i].path; i++) {
			bool raises = s->member[i].expected == RAISES;

			if (!!raised[i] != raises ||
			    (s->member[i].expected == SAFE && (risk[i] >= 2000 || timed[i])))
				fail_msg("%s: raised %u times, risk %u, OOM forecast %u times",
					 s->member[i].path, raised[i], risk[i] / 100, timed[i]);
		}
		fake_close();
	}
}

/* Its container is OOM-killed and gone: what is left of the pod raises nothing, though it has just grown to its limit. */
static void test_between_two_runs(void **state)
{
	static const struct situation run = {
		"run",
		0,
		{{"/pod", POD, -1, 64, 0, 0, QUIET},
		 {"/pod/pause", PAUSE, 0, NO, 0.2, 0, QUIET},
		 {"/pod/app", BOX, 0, 64, 4, 2, RAISES}},
	};
	struct situation rest = run;

	rest.member[2].path = NULL;
	begin(&run);
	for (int second = 0; second <= CALM + 29; second++)
		sweep(&run, second);
	assert_int_not_equal(tracks_get(&fake.containers.tracks, 4)->alarm, HR_ALARM_NONE);
	tracks_get(&fake.containers.tracks, 4)->gone_ns = 1;
	for (int second = 0; second <= 60; second++) {
		sweep(&rest, CALM);
		assert_int_equal(tracks_get(&fake.containers.tracks, 2)->alarm, HR_ALARM_NONE);
	}
	fake_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_situations),
					   cmocka_unit_test(test_between_two_runs)};

	return cmocka_run_group_tests_name("pods", tests, NULL, NULL);
}
