// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* `headroom check` on made-up hosts: what is missing is named, with what that costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include <headroom/board.h>

#include "cli/host_checks.h"

static char root[64];

static void put(const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(full, 0700))
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int set_up(void **state)
{
	strcpy(root, "/tmp/test-findings.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static void remove_below(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;
	char full[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(full, sizeof(full), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR)
			remove_below(full);
		else
			unlink(full);
	}
	rmdir(path);
}

static int tear_down(void **state)
{
	remove_below(root);
	return 0;
}

/* The finding of that name with a value that begins so; NULL: none. */
static const struct finding *find(const struct finding *findings, size_t n, const char *check,
				  const char *value)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(findings[i].check, check) &&
		    !strncmp(findings[i].value, value, strlen(value)))
			return &findings[i];
	return NULL;
}

static void test_bare_host(void **state)
{
	struct finding findings[FINDINGS_MOST];
	const struct finding *f;
	size_t n;

	put("/proc/self/status", "Name:\theadroom\nCapEff:\t0000000000000000\n");
	put("/proc/meminfo", "MemTotal:  1000 kB\nSwapTotal:       0 kB\n");
	n = host_checks_run(root, findings);
	assert_true(n > 5 && n <= FINDINGS_MOST);
	f = find(findings, n, "btf", "none");
	assert_non_null(f);
	assert_int_equal(f->verdict, FINDING_MISSING);
	assert_non_null(strstr(f->note, "files"));
	assert_non_null(find(findings, n, "capabilities", "no CAP_BPF"));
	assert_non_null(find(findings, n, "capabilities", "no CAP_SYS_RESOURCE"));
	assert_non_null(find(findings, n, "capabilities", "no CAP_DAC_READ_SEARCH"));
	f = find(findings, n, "psi", "none");
	assert_non_null(f);
	assert_int_equal(f->verdict, FINDING_MISSING);
	f = find(findings, n, "swap", "none");
	assert_non_null(f);
	assert_int_equal(f->verdict, FINDING_NOTE);
	for (size_t i = 0; i < n; i++)
		assert_true(findings[i].verdict == FINDING_OK || findings[i].note[0]);
}

static void test_full_host(void **state)
{
	struct finding findings[FINDINGS_MOST];
	size_t n;

	put("/proc/self/status", "CapEff:\t000001ffffffffff\n");
	put("/proc/meminfo", "SwapTotal:  2097152 kB\n");
	put("/proc/pressure/memory",
	    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 total=0\n");
	put("/sys/kernel/btf/vmlinux", "");
	n = host_checks_run(root, findings);
	assert_non_null(find(findings, n, "capabilities", "all present"));
	assert_non_null(find(findings, n, "swap", "2 GiB"));
	assert_int_equal(find(findings, n, "psi", "/proc/pressure/memory")->verdict, FINDING_OK);
	assert_int_equal(find(findings, n, "btf", "/sys/kernel")->verdict, FINDING_OK);
}

/* Huge pages, and swap that is kept in memory: named, with what they cost. */
static void test_totals(void **state)
{
	struct finding findings[FINDINGS_MOST];
	const struct finding *f;
	size_t n;

	put("/proc/meminfo", "MemTotal: 977408 kB\nSwapTotal:  2097152 kB\nSwapFree: 1997148 "
			     "kB\nHugetlb: 675840 kB\n");
	put("/proc/swaps",
	    "Filename Type Size Used Priority\n/dev/zram0 partition 2097152 100000 100\n");
	put("/sys/block/zram0/mm_stat", "102400000 30000000 40960000 0 40960000 0 0\n");
	n = host_checks_run(root, findings);
	f = find(findings, n, "huge_pages", "660 MiB of 95");
	assert_non_null(f);
	assert_non_null(strstr(f->note, "of the rest"));
	f = find(findings, n, "swap", "2 GiB, on zram");
	assert_non_null(f);
	assert_int_equal(f->verdict, FINDING_NOTE);
	assert_non_null(strstr(
		f->note, "compressed to 40% (measured): 1.9 GiB of free swap are worth 1.1 GiB"));
}

static void test_lockdown(void **state)
{
	struct finding findings[FINDINGS_MOST];
	const struct finding *f;

	assert_null(find(findings, host_checks_run(root, findings), "lockdown", ""));
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	f = find(findings, host_checks_run(root, findings), "lockdown", "integrity");
	assert_non_null(f);
	assert_int_equal(f->verdict, FINDING_OK);
	put("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	f = find(findings, host_checks_run(root, findings), "lockdown", "confidentiality");
	assert_non_null(f);
	assert_int_equal(f->verdict, FINDING_MISSING);
	assert_non_null(strstr(f->note, "lockdown=integrity"));
}

/* CAP_SYS_ADMIN includes what BPF needs, from before CAP_BPF was made of it. */
static void test_sys_admin(void **state)
{
	struct finding findings[FINDINGS_MOST];
	size_t n;

	put("/proc/self/status", "CapEff:\t0000000000200000\n");
	n = host_checks_run(root, findings);
	assert_null(find(findings, n, "capabilities", "no CAP_BPF"));
	assert_null(find(findings, n, "capabilities", "no CAP_PERFMON"));
	assert_non_null(find(findings, n, "capabilities", "no CAP_KILL"));
}

/* Few verdicts prove nothing; many bad ones are said. */
static void test_score(void **state)
{
	static const struct {
		struct hr_score score;
		enum verdict verdict;
		const char *value, *note;
	} cases[] = {
		{{.intervals = 0}, FINDING_OK, "no alarms or OOM kills judged yet", ""},
		{{.warn = {1, 0, 0},
		  .oom_kills = {1, 0},
		  .lead = {0, 0, 0, 1},
		  .lead_sum_ms = 12000},
		 FINDING_OK,
		 "1 of 1 warning came true; 1 of 1 OOM kill was announced, about 12s before",
		 ""},
		{{.warn = {2, 7, 0}, .intervals = 10, .intervals_covered = 1},
		 FINDING_OK,
		 "2 of 9 warnings came true",
		 "80% intervals of growth: 10% of 10 held"},
		{{.warn = {4, 6, 0}, .act = {1, 0, 0}},
		 FINDING_NOTE,
		 "4 of 10 warnings came true, 1 of 1 act alarm came true",
		 ""},
		{{.oom_kills = {7, 3}, .stalls = {0, 1}, .lead = {7}, .lead_sum_ms = 140},
		 FINDING_NOTE,
		 "7 of 10 OOM kills were announced, about 20 ms before; 0 of 1 stall was announced",
		 ""},
		{{.intervals = 100, .intervals_covered = 50},
		 FINDING_NOTE,
		 "no alarms",
		 "80% intervals of growth: 50% of 100"},
		{{.times = 2, .times_covered = 1, .time_error = {1, 1}},
		 FINDING_OK,
		 "no alarms",
		 "times to OOM: median error 5% of 2, 50% within their interval"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct finding f;

		finding_of_score(&cases[i].score, &f);
		assert_string_equal(f.check, "forecasts");
		if (strncmp(f.value, cases[i].value, strlen(cases[i].value)) != 0 ||
		    strncmp(f.note, cases[i].note, strlen(cases[i].note)) != 0)
			fail_msg("%s\n%s", f.value, f.note);
		assert_int_equal(f.verdict, cases[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bare_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_host, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_totals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lockdown, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sys_admin, set_up, tear_down),
		cmocka_unit_test(test_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
