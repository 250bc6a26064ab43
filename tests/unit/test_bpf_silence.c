// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When BPF programs count as no longer called, and how often they are loaded again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/bpf_silence.h"

#define S 1000000000ull

static void test_certain(void **state)
{
	static const struct {
		enum bpf_silent kind;
		uint32_t misses;
		const char *what;
	} rows[] = {
		/* one may be a race: its record was lost, or is on its way */
		{BPF_SILENT_OOM_KILL, 1, NULL},      {BPF_SILENT_OOM_KILL, 2, "OOM kills"},
		{BPF_SILENT_CGROUP, 2, NULL},        {BPF_SILENT_CGROUP, 3, "new cgroups"},
		{BPF_SILENT_SWEEP, 2, NULL},         {BPF_SILENT_SWEEP, 3, "memory"},
		{BPF_SILENT_TASKS, 2, NULL},         {BPF_SILENT_TASKS, 3, "processes"},
		{BPF_SILENT_SWEEP, 70000, "memory"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bpf_silence one = {0}, at_once = {0};

		for (uint32_t n = 0; n < rows[i].misses; n++)
			bpf_silence_missed(&one, rows[i].kind, 1);
		bpf_silence_missed(&at_once, rows[i].kind, rows[i].misses);
		if (rows[i].what) {
			assert_string_equal(bpf_silence_what(&one), rows[i].what);
			assert_string_equal(bpf_silence_what(&at_once), rows[i].what);
		} else {
			assert_null(bpf_silence_what(&one));
			assert_null(bpf_silence_what(&at_once));
		}
	}
}

/* A report of one kind says nothing of the others. */
static void test_reported(void **state)
{
	struct bpf_silence silence = {0};

	bpf_silence_missed(&silence, BPF_SILENT_OOM_KILL, 1);
	bpf_silence_reported(&silence, BPF_SILENT_OOM_KILL);
	bpf_silence_missed(&silence, BPF_SILENT_OOM_KILL, 1);
	assert_null(bpf_silence_what(&silence));
	bpf_silence_reported(&silence, BPF_SILENT_CGROUP);
	bpf_silence_missed(&silence, BPF_SILENT_OOM_KILL, 1);
	assert_string_equal(bpf_silence_what(&silence), "OOM kills");
	bpf_silence_missed(&silence, BPF_SILENT_OOM_KILL, 0);
	bpf_silence_replaced(&silence);
	assert_null(bpf_silence_what(&silence));
}

/* At once, then ever more rarely, since loading costs a second of CPU and may not help. */
static void test_reload(void **state)
{
	static const struct {
		uint64_t at_s;
		bool due;
	} rows[] = {
		{100, true}, {101, false}, {129, false}, {130, true},   {249, false},
		{250, true}, {849, false}, {850, true},  {1449, false}, {1450, true},
	};
	struct bpf_silence silence = {0};

	assert_false(bpf_silence_reload(&silence, 99 * S));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bpf_silence_missed(&silence, BPF_SILENT_SWEEP, 3);
		assert_int_equal(bpf_silence_reload(&silence, rows[i].at_s * S), rows[i].due);
		if (rows[i].due)
			bpf_silence_replaced(&silence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certain),
		cmocka_unit_test(test_reported),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
