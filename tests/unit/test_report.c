// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What contributed and what is suggested, by tables; series put together; and whole reports of made-up
 * incidents in every format: sound, escaped, the same twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include <jansson.h>

#include "fixture_incident.h"
#include "report/chart_svg.h"
#include "report/report.h"

#define MIB FIXTURE_MIB

/* ---- factors: each row sets what its rule needs, and what it must find ---- */

struct factor_row {
	const char *word; /* found; with `not`: not found */
	bool not ;
	void (*set)(struct facts *f);
};

#define SET(name, ...)                    \
	static void name(struct facts *f) \
	{                                 \
		f->killed = true;         \
		f->level = HR_LEVEL_OWN;  \
		f->limit = 512 * MIB;     \
		f->own_limit = 512 * MIB; \
		f->own_usage = 512 * MIB; \
		__VA_ARGS__               \
	}
SET(plain, (void)f;)
SET(lowered, f->limit_before = 1024 * MIB; f->limit_changed_ago_ms = 60000;)
SET(raised, f->limit_before = 256 * MIB; f->limit_changed_ago_ms = 60000;)
SET(leaks, f->leak = HR_LEAK_CONFIRMED; f->leak_bytes_per_hour = 100 * MIB;)
SET(looped, f->kills_before = 2;)
SET(killed_once, f->kills_before = 1;)
SET(bombed, f->pids_before = 4; f->pids = 200;)
SET(few_more, f->pids_before = 2; f->pids = 10;)
SET(burst, f->rise = 400 * MIB; f->rise_ms = 4000;)
SET(slow_rise, f->rise = 400 * MIB; f->rise_ms = 4000000;)
SET(at_peak, f->earlier_peak = 500 * MIB;)
SET(below_peak, f->earlier_peak = 300 * MIB;)
SET(co_tenant, f->level = HR_LEVEL_ANCESTOR; f->own_rise = MIB; f->sibling_rise = 80 * MIB;)
SET(own_co_tenant, f->own_rise = MIB; f->sibling_rise = 80 * MIB;)
SET(grew_most, f->host = true; f->level = HR_LEVEL_HOST; f->sibling_rise = 80 * MIB;
    f->own_rise = 0;)
SET(other, f->other_trigger = true;)
SET(unlimited, f->level = HR_LEVEL_HOST; f->own_limit = HR_UNKNOWN;)
SET(promised, f->level = HR_LEVEL_HOST; f->limits_sum = 20 * MIB; f->host_total = 16 * MIB;)
SET(hangs, f->hung = true;)
SET(swapless, f->host_swap_total = 0;)
SET(swapless_self, f->swap_limit = 0; f->host_swap_total = 100 * MIB;)
SET(swap_left, f->swap_limit = HR_UNKNOWN; f->host_swap_total = 100 * MIB;
    f->host_swap_free = 90 * MIB;)
SET(swapped, f->swap = 99 * MIB; f->swap_limit = 100 * MIB;)
SET(remains, f->limit = 64 * MIB; f->outlived = 50 * MIB; f->outlived_filled = 50 * MIB;
    strcpy(f->filler, "shop/pod-1/fill");)
SET(remains_little, f->limit = 64 * MIB; f->outlived = MIB;)
SET(huge, f->level = HR_LEVEL_HOST; f->host_total = 954 * MIB; f->host_huge = 660 * MIB;)
SET(few_huge, f->level = HR_LEVEL_HOST; f->host_total = 954 * MIB; f->host_huge = 2 * MIB;)
SET(zram, f->level = HR_LEVEL_HOST; f->host_zram = 500 * MIB; f->host_swap_free = 400 * MIB;
    f->host_swap_cost = 200 * MIB;)
SET(zram_elsewhere, f->level = HR_LEVEL_OWN; f->host_zram = 500 * MIB;)
SET(swapped_host, f->host_swap_total = 100 * MIB; f->host_swap_free = MIB;)
SET(heap, f->anon = 450 * MIB;)
SET(cached, f->file = 300 * MIB; f->shmem = 0;)
SET(tmpfs, f->file = 300 * MIB; f->shmem = 300 * MIB;)
SET(in_kernel, f->kernel = 200 * MIB;)
SET(in_sockets, f->memory.sock = 200 * MIB;)
SET(few_sockets, f->memory.sock = 2 * MIB;)
SET(tables, f->pgtables = 200 * MIB;)
SET(throttled, f->high = 500 * MIB;)
SET(stalled, f->stall_centi = 4000;)
SET(grouped, f->group = true;)
SET(put_forward, f->score_adj = 1000;)
SET(cpuset, f->constraint = HR_CONSTRAINT_CPUSET;)
SET(memcg, f->constraint = HR_CONSTRAINT_MEMCG;)
SET(pieces, f->order = 4;)
SET(newborn, f->age_ms = 900;)
SET(watched, f->mode = 0; f->warned = true;)
SET(enforced, f->mode = 2; f->warned = true;)

static const struct factor_row factor_rows[] = {
	{"limit_lowered", false, lowered},
	{"limit_lowered", true, raised},
	{"leak", false, leaks},
	{"restart_loop", false, looped},
	{"restart_loop", true, killed_once},
	{"fork_bomb", false, bombed},
	{"fork_bomb", true, few_more},
	{"burst", false, burst},
	{"burst", true, slow_rise},
	{"limit_below_peak", false, at_peak},
	{"limit_below_peak", true, below_peak},
	{"sibling_growth", false, co_tenant},
	{"sibling_growth", true, own_co_tenant},
	{"host_grower", false, grew_most},
	{"sibling_growth", true, grew_most},
	{"host_grower", true, co_tenant},
	{"other_trigger", false, other},
	{"no_own_limit", false, unlimited},
	{"overcommitted_host", false, promised},
	{"hang", false, hangs},
	{"no_swap", false, swapless},
	{"no_swap", false, swapless_self},
	{"no_swap", true, swap_left},
	{"swap_full", true, swap_left},
	{"swap_full", true, swapless},
	{"swap_full", false, swapped},
	{"outlived_memory", false, remains},
	{"outlived_memory", true, remains_little},
	{"swap_in_memory", false, zram},
	{"swap_in_memory", true, zram_elsewhere},
	{"huge_pages", false, huge},
	{"huge_pages", true, few_huge},
	{"swap_full", false, swapped_host},
	{"anonymous", false, heap},
	{"page_cache", false, cached},
	{"page_cache", true, tmpfs},
	{"shared_memory", false, tmpfs},
	{"kernel_memory", false, in_kernel},
	{"sockets", false, in_sockets},
	{"sockets", true, few_sockets},
	{"page_tables", false, tables},
	{"memory_high", false, throttled},
	{"stalls", false, stalled},
	{"oom_group", false, grouped},
	{"oom_score_adj", false, put_forward},
	{"constraint", false, cpuset},
	{"constraint", true, memcg},
	{"high_order", false, pieces},
	{"young", false, newborn},
	{"observing", false, watched},
	{"observing", true, enforced},
};

static const struct factor *find_factor(const struct facts *f, const char *word,
					struct factor out[FACTORS_MOST], size_t *ret_n)
{
	*ret_n = factors_find(f, out, FACTORS_MOST);
	for (size_t i = 0; i < *ret_n; i++)
		if (!strcmp(out[i].word, word))
			return &out[i];
	return NULL;
}

/* The kinds of kernel memory that are much of it are named, where they are known. */
static void test_kernel_kinds(void **state)
{
	struct factor out[FACTORS_MOST];
	const struct factor *factor;
	struct facts f;
	size_t n;

	facts_init(&f);
	in_kernel(&f);
	factor = find_factor(&f, "kernel_memory", out, &n);
	assert_non_null(factor);
	assert_non_null(strstr(factor->text, "(page tables, dentries, inodes)"));
	f.memory.kernel = f.kernel;
	f.memory.page_tables = 120 * MIB;
	f.memory.slab_unreclaimable = 60 * MIB;
	f.memory.kernel_stack = 4 * MIB;
	f.memory.vmalloc = 0;
	factor = find_factor(&f, "kernel_memory", out, &n);
	assert_non_null(factor);
	assert_non_null(strstr(
		factor->text,
		"200 MiB was kernel memory (unreclaimable slab 60 MiB, page tables 120 MiB): "));
}

/* Figures of two moments: the share is at most all. */
static void test_share(void **state)
{
	struct factor out[FACTORS_MOST];
	const struct factor *factor;
	struct facts f;
	size_t n;

	facts_init(&f);
	plain(&f);
	f.anon = 522 * MIB;
	factor = find_factor(&f, "anonymous", out, &n);
	assert_non_null(factor);
	assert_non_null(strstr(factor->text, "100% of the memory was anonymous"));
}

static void test_factors(void **state)
{
	struct factor out[FACTORS_MOST];
	struct facts f;
	size_t n;

	facts_init(&f); /* nothing is known: nothing is found */
	assert_int_equal(factors_find(&f, out, FACTORS_MOST), 0);
	plain(&f);
	assert_int_equal(factors_find(&f, out, FACTORS_MOST), 0);
	for (size_t i = 0; i < ARRAY_SIZE(factor_rows); i++) {
		const struct factor_row *row = &factor_rows[i];
		const struct factor *found;

		facts_init(&f);
		row->set(&f);
		found = find_factor(&f, row->word, out, &n);
		if (!found != row->not )
			fail_msg("row %zu: %s %sfound", i, row->word, found ? "" : "not ");
		if (!row->not &&n != 1)
			fail_msg("row %zu: %s did not come alone", i, row->word);
		if (found)
			assert_true(found->title[0] && found->text[0] &&
				    found->text[strlen(found->text) - 1] == '.');
	}
}

/* ---- advice ---- */

/* `n` points, `step` seconds apart, from `from` to `to` MiB. */
static struct series ramp(uint32_t n, uint32_t step, uint32_t from, uint32_t to)
{
	struct series s = {.point = calloc(n, sizeof(struct series_point)), .n = n, .space = n};

	for (uint32_t i = 0; i < n; i++)
		s.point[i] = (struct series_point){
			.time_ns = FIXTURE_T0_NS + (uint64_t)i * step * FIXTURE_STEP_NS,
			.usage = (from + 30 + (uint64_t)(to - from) * i / n) * MIB,
			.unreclaimable = (from + (uint64_t)(to - from) * i / n) * MIB,
			.limit = 512 * MIB,
			.headroom = HR_UNKNOWN,
			.begins = !i};
	return s;
}

static const struct {
	const char *name;
	void (*set)(struct facts *f);
	uint32_t points, step, from, to;
	bool killed;
	enum recommendation_kind kind;
	uint64_t limit_mib, request_mib; /* 0: none */
} recommendation_rows[] = {
	{"one sample", plain, 1, 60, 100, 100, true, RECOMMEND_TOO_LITTLE, 0, 0},
	{"ten minutes", plain, 60, 10, 100, 200, true, RECOMMEND_TOO_LITTLE, 0, 0},
	{"hours, but five samples", plain, 5, 3600, 100, 200, false, RECOMMEND_TOO_LITTLE, 0, 0},
	{"a leak, however long it was seen", leaks, 600, 60, 100, 500, true, RECOMMEND_LEAK, 0, 0},
	{"it fits", plain, 120, 60, 200, 200, false, RECOMMEND_FITS, 224, 224},
	{"it was close", plain, 120, 60, 480, 480, false, RECOMMEND_RAISE, 544, 544},
	{"it grew steadily", plain, 120, 60, 300, 510, true, RECOMMEND_GROWS, 0, 0},
	/* what was killed at its limit wanted more than that: 512 MiB, a tenth, and half of the rise of 16 MiB */
	{"it was killed", plain, 120, 60, 478, 510, true, RECOMMEND_RAISE, 576, 576},
	{"a parent's limit ended it", co_tenant, 120, 60, 300, 300, true, RECOMMEND_ELSEWHERE, 336,
	 336},
};

static void test_recommendations(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(recommendation_rows); i++) {
		struct series s = ramp(recommendation_rows[i].points, recommendation_rows[i].step,
				       recommendation_rows[i].from, recommendation_rows[i].to);
		uint64_t limit = recommendation_rows[i].limit_mib * MIB,
			 request = recommendation_rows[i].request_mib * MIB;
		struct recommendation a;
		struct demand demand;
		struct facts f;

		facts_init(&f);
		recommendation_rows[i].set(&f);
		f.killed = recommendation_rows[i].killed;
		series_demand(&s, FIXTURE_T0_NS + 999999 * FIXTURE_STEP_NS, &demand);
		recommendations_make(&a, &f, &demand);
		if (a.kind != recommendation_rows[i].kind ||
		    a.limit != (limit ? limit : HR_UNKNOWN) ||
		    a.request != (request ? request : HR_UNKNOWN))
			fail_msg("%s: %s, limit %llu, request %llu", recommendation_rows[i].name,
				 recommendation_text(a.kind), (unsigned long long)a.limit / MIB,
				 (unsigned long long)a.request / MIB);
		assert_int_equal(a.samples, recommendation_rows[i].points);
		assert_int_equal(a.runs, 1);
		assert_true(a.basis[0]);
		series_done(&s);
	}
}

/* What a larger limit buys is told in time: 512 MiB at 100 MiB an hour. */
static void test_recommendation_of_a_leak(void **state)
{
	struct series s = ramp(100, 60, 100, 500);
	struct recommendation a;
	struct demand demand;
	struct facts f;

	facts_init(&f);
	leaks(&f);
	series_demand(&s, UINT64_MAX, &demand);
	recommendations_make(&a, &f, &demand);
	assert_int_equal(a.buys_ms, 5.12 * 3600 * 1000);
	assert_non_null(strstr(a.limit_text, "would last 5h07m"));
	series_done(&s);
}

/* ---- whole reports ---- */

struct rig {
	char dir[32], board[48], file[48];
	struct play play;
	struct hr_reader *reader;
	struct event_log event_log;
	struct incidents incidents;
	struct report report;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->dir, "/tmp/test_report.XXXXXX");
	if (!mkdtemp(rig->dir))
		return -1;
	snprintf(rig->board, sizeof(rig->board), "%s/board", rig->dir);
	snprintf(rig->file, sizeof(rig->file), "%s/rec", rig->dir);
	*state = rig;
	return 0;
}

static void rig_close(struct rig *rig)
{
	report_done(&rig->report);
	incidents_done(&rig->incidents);
	event_log_done(&rig->event_log);
	hr_reader_close(take_ptr(rig->reader));
	board_close(take_ptr(rig->play.f.board));
	unlink(rig->board);
	unlink(rig->file);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	char lock[64];

	rig_close(rig);
	snprintf(lock, sizeof(lock), "%s.lock", rig->board);
	unlink(lock);
	rmdir(rig->dir);
	free(rig);
	return 0;
}

static void build(struct rig *rig, const char *explanation, bool hostile, bool recording)
{
	rig->play = (struct play){.explanation = explanation_find(explanation), .hostile = hostile};
	assert_int_equal(play_run(&rig->play, rig->board, recording ? rig->file : NULL), 0);
	assert_int_equal(hr_reader_open(recording ? rig->file : rig->board, &rig->reader), 0);
	assert_int_equal(event_log_load(&rig->event_log, rig->reader), 0);
	assert_int_equal(incidents_of(&rig->event_log, &rig->incidents), 0);
	assert_int_equal(rig->incidents.n, 1);
	assert_int_equal(report_build(&rig->report, &rig->incidents.incident[0], &rig->event_log,
				      &rig->reader, 1),
			 0);
}

static char *written(const struct report *r, int (*write)(const struct report *, FILE *))
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(write(r, out), 0);
	fclose(out);
	return text;
}

/* Nothing opens that does not close, and no text became a tag. */
static void check_html(const char *html)
{
	const char *stack[64];
	size_t depth = 0;

	for (const char *c = strchr(html, '<'); c; c = strchr(c + 1, '<')) {
		size_t n = strcspn(c + 1, " />");

		if (c[1] == '!' || !strncmp(c, "<meta", 5))
			continue;
		assert_true(c[1] == '/' || (c[1] >= 'a' && c[1] <= 'z'));
		if (c[1] == '/') {
			assert_true(depth > 0);
			n = strcspn(c + 2, ">");
			depth--;
			if (strncmp(stack[depth], c + 2, n) != 0)
				fail_msg("closes wrongly: %.40s after %.20s", c, stack[depth]);
			continue;
		}
		n = strcspn(c, ">");
		assert_true(c[n] == '>');
		if (c[n - 1] == '/')
			continue;
		assert_true(depth < ARRAY_SIZE(stack));
		stack[depth++] = c + 1;
	}
	assert_int_equal(depth, 0);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "nan"));
	assert_null(strstr(html, "\xe2\x80\xae"));
}

static const struct {
	const char *explanation;
	bool hostile, recording;
	size_t co_tenants; /* at least */
	const char *factor;
	uint64_t warned_ms;
} report_rows[] = {
	{"leak", false, true, 2, "leak", 210000},
	{"leak", true, true, 2, "leak", 210000},
	{"leak", false, false, 0, "leak", 210000},
	{"averted", false, true, 0, "no_swap", HR_UNKNOWN},
	{"shared", false, true, 2, "sibling_growth", HR_UNKNOWN},
	{"shared", true, false, 0, "other_trigger", HR_UNKNOWN},
	{"near", false, true, 0, "no_swap", HR_UNKNOWN},
	{"host", false, true, 1, "host_grower", HR_UNKNOWN},
	{"near", true, false, 0, "no_swap", HR_UNKNOWN},
};

static void check_report(const struct report *r, size_t row)
{
	_cleanup_free_ char *md = written(r, report_md), *again = written(r, report_md),
			    *html = written(r, report_html), *json = written(r, report_json);
	json_t *parsed = json_loads(json, 0, NULL);
	bool found = false;

	assert_string_equal(md, again);
	check_html(html);
	assert_non_null(parsed);
	assert_string_equal(json_string_value(json_object_get(parsed, "schema")),
			    "headroom.report/2");
	assert_int_equal(json_array_size(json_object_get(parsed, "summary")), REPORT_SUMMARY);
	json_decref(parsed);
	for (size_t i = 0; i < r->factors; i++)
		found |= !strcmp(r->factor[i].word, report_rows[row].factor);
	if (!found)
		fail_msg("row %zu: no %s", row, report_rows[row].factor);
	assert_true(r->co_tenants >= report_rows[row].co_tenants);
	assert_true(r->series.n > 2);
	for (size_t i = 1; i < r->series.n; i++)
		assert_true(r->series.point[i].time_ns > r->series.point[i - 1].time_ns);
	assert_true(r->series.point[0].time_ns >= r->from_ns &&
		    r->series.point[r->series.n - 1].time_ns <= r->to_ns);
	if (r->kill)
		assert_int_equal(r->kill->warned_before_ms, report_rows[row].warned_ms);
}

static void test_reports(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < ARRAY_SIZE(report_rows); i++) {
		build(rig, report_rows[i].explanation, report_rows[i].hostile,
		      report_rows[i].recording);
		check_report(&rig->report, i);
		rig_close(rig);
	}
}

/* A killed container starts anew: no line leads from its old series to the new one. */
static void test_runs(void **state)
{
	struct rig *rig = *state;
	size_t begins = 0;

	build(rig, "leak", false, true);
	for (size_t i = 0; i < rig->report.series.n; i++)
		begins += rig->report.series.point[i].begins;
	assert_int_equal(begins, 2);
	assert_int_equal(rig->report.co_tenant[0].role, ROLE_SIBLING);
	assert_string_equal(rig->report.co_tenant[0].name,
			    "shop/checkout-7c9f6d5b8-x2x9q/log-shipper");
}

/* Without a single picture there is still a report of what the events say. */
static void test_no_pictures(void **state)
{
	struct rig *rig = *state;
	struct report r = {0};

	build(rig, "leak", false, true);
	assert_int_equal(report_build(&r, &rig->incidents.incident[0], &rig->event_log, NULL, 0),
			 0);
	{
		_cleanup_free_ char *md = written(&r, report_md), *html = written(&r, report_html);

		check_html(html);
		assert_non_null(strstr(md, "java[4711]"));
	}
	assert_int_equal(r.recommendation.kind, RECOMMEND_LEAK);
	assert_int_equal(r.co_tenants, 0);
	report_done(&r);
	report_done(&r);
}

/* Bytes changed at random in a recording: what can be read is told, and in sound HTML. */
static void test_damaged(void **state)
{
	struct rig *rig = *state;
	_cleanup_free_ unsigned char *whole = NULL;
	struct stat st;
	int fd;

	rig->play = (struct play){.explanation = explanation_find("averted")};
	assert_int_equal(play_run(&rig->play, rig->board, rig->file), 0);
	assert_int_equal(stat(rig->file, &st), 0);
	whole = malloc((size_t)st.st_size);
	fd = open(rig->file, O_RDWR);
	assert_int_equal(pread(fd, whole, (size_t)st.st_size, 0), st.st_size);
	for (unsigned int seed = 0; seed < 40; seed++) {
		struct event_log event_log = {0};
		struct incidents incidents = {0};
		struct hr_reader *reader;
		size_t at;

		srand(seed);
		at = (size_t)rand() % ((size_t)st.st_size - 3);
		assert_int_equal(pwrite(fd, "\xff\0\xff", 3, (off_t)at), 3);
		if (!hr_reader_open(rig->file, &reader)) {
			if (!event_log_load(&event_log, reader))
				assert_int_equal(incidents_of(&event_log, &incidents), 0);
			for (size_t i = 0; i < incidents.n; i++) {
				struct report r = {0};

				assert_int_equal(report_build(&r, &incidents.incident[i],
							      &event_log, &reader, 1),
						 0);
				{
					_cleanup_free_ char *html = written(&r, report_html);

					check_html(html);
				}
				report_done(&r);
			}
			incidents_done(&incidents);
			event_log_done(&event_log);
			hr_reader_close(reader);
		}
		assert_int_equal(pwrite(fd, whole + at, 3, (off_t)at), 3);
	}
	close(fd);
}

static void test_html_text(void **state)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	html_text("<a href='x'>&\"é", out);
	fclose(out);
	assert_string_equal(text, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;é");
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_factors),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_kernel_kinds),
		cmocka_unit_test(test_recommendations),
		cmocka_unit_test(test_recommendation_of_a_leak),
		WITH_RIG(test_reports),
		WITH_RIG(test_runs),
		WITH_RIG(test_no_pictures),
		WITH_RIG(test_damaged),
		cmocka_unit_test(test_html_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
