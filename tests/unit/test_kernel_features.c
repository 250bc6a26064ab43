// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Kernel features are read from BTF: against small BTFs made here, each with the shape of one
 * kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collect/kernel_features.h"

struct shape {
	struct btf *btf;
	int void_ptr, integer, gfp, number, memcg_ptr;
};

static void shape_new(struct shape *s)
{
	s->btf = btf__new_empty();
	assert_non_null(s->btf);
	s->void_ptr = btf__add_ptr(s->btf, 0);
	s->integer = btf__add_int(s->btf, "unsigned int", 4, 0);
	s->number = btf__add_int(s->btf, "long", 8, BTF_INT_SIGNED);
	s->gfp = btf__add_typedef(s->btf, "gfp_t", s->integer);
	s->memcg_ptr = btf__add_ptr(s->btf, btf__add_fwd(s->btf, "mem_cgroup_fwd", BTF_FWD_STRUCT));
}

/* typedef void (*btf_trace_NAME)(void *, params…) */
static void add_tracepoint(struct shape *s, const char *name, int n, const int *params)
{
	char word[96];
	int proto = btf__add_func_proto(s->btf, 0);

	btf__add_func_param(s->btf, "__data", s->void_ptr);
	for (int i = 0; i < n; i++)
		btf__add_func_param(s->btf, "arg", params[i]);
	snprintf(word, sizeof(word), "btf_trace_%s", name);
	assert_true(btf__add_typedef(s->btf, word, btf__add_ptr(s->btf, proto)) > 0);
}

static void add_func(struct shape *s, const char *name)
{
	assert_true(btf__add_func(s->btf, name, BTF_FUNC_STATIC, btf__add_func_proto(s->btf, 0)) >
		    0);
}

/* memcg_vmstats.state[n] behind a pointer, or atomics in mem_cgroup itself; MEMCG_NR_STAT = items
 */
static void add_vmstats(struct shape *s, bool embedded, int n, int items)
{
	int array = btf__add_array(s->btf, s->integer, s->number, n), vmstats;

	btf__add_enum(s->btf, "memcg_stat_item", 4);
	btf__add_enum_value(s->btf, "MEMCG_SWAP", 2);
	btf__add_enum_value(s->btf, "MEMCG_NR_STAT", items);
	if (embedded) {
		btf__add_struct(s->btf, "mem_cgroup", 8 * n);
		btf__add_field(s->btf, "vmstats", array, 0, 0);
		return;
	}
	vmstats = btf__add_struct(s->btf, "memcg_vmstats", 8 * n);
	btf__add_field(s->btf, "state", array, 0, 0);
	vmstats = btf__add_ptr(s->btf, vmstats);
	btf__add_struct(s->btf, "mem_cgroup", 8);
	btf__add_field(s->btf, "vmstats", vmstats, 0, 0);
}

static void check(struct shape *s, const char *kallsyms, __u32 expected)
{
	__u64 stats_index = 1;
	__u32 found = features_probe(s->btf, kallsyms, &stats_index);

	assert_int_equal(found, expected);
	if (!(expected & NEEDS(FEATURE_VMSTATS_INDEXED)))
		assert_int_equal(stats_index, 0);
	btf__free(s->btf);
}

#define NOWHERE "/nonexistent/kallsyms"

static void test_nothing(void **state)
{
	struct shape s;

	shape_new(&s);
	check(&s, NOWHERE, 0);
}

static void test_5_10(void **state)
{
	struct shape s;

	shape_new(&s);
	add_tracepoint(&s, "mark_victim", 1, (const int[]){s.integer});
	add_tracepoint(&s, "mm_vmscan_memcg_reclaim_begin", 2, (const int[]){s.integer, s.gfp});
	add_vmstats(&s, true, 40, 40);
	check(&s, NOWHERE, NEEDS(FEATURE_VMSTATS_ATOMIC));
}

static void test_6_1(void **state)
{
	struct shape s;

	shape_new(&s);
	add_tracepoint(&s, "mark_victim", 2, (const int[]){s.memcg_ptr, s.integer});
	add_tracepoint(&s, "mm_vmscan_memcg_reclaim_begin", 2, (const int[]){s.integer, s.gfp});
	add_func(&s, "bpf_iter_cgroup");
	add_func(&s, "cgroup_rstat_flush");
	add_vmstats(&s, false, 50, 50);
	check(&s, NOWHERE,
	      NEEDS(FEATURE_VICTIM_TASK) | NEEDS(FEATURE_ITER_CGROUP) | NEEDS(FEATURE_RSTAT_FLUSH) |
		      NEEDS(FEATURE_VMSTATS_INDEXED));
}

static void test_7_x(void **state)
{
	struct shape s;

	shape_new(&s);
	add_tracepoint(&s, "mark_victim", 2, (const int[]){s.memcg_ptr, s.integer});
	add_tracepoint(&s, "mm_vmscan_memcg_reclaim_begin", 3,
		       (const int[]){s.gfp, s.integer, s.memcg_ptr});
	add_func(&s, "bpf_iter_cgroup");
	add_func(&s, "bpf_get_mem_cgroup");
	add_func(&s, "bpf_put_mem_cgroup");
	add_func(&s, "bpf_mem_cgroup_page_state");
	add_func(&s, "bpf_mem_cgroup_flush_stats");
	check(&s, NOWHERE,
	      NEEDS(FEATURE_VICTIM_TASK) | NEEDS(FEATURE_ITER_CGROUP) |
		      NEEDS(FEATURE_MEMCG_KFUNCS) | NEEDS(FEATURE_GFP_FIRST) |
		      NEEDS(FEATURE_MEMCG_ARG));
}

static void test_half_of_the_kfuncs_is_none(void **state)
{
	struct shape s;

	shape_new(&s);
	add_func(&s, "bpf_get_mem_cgroup");
	add_func(&s, "bpf_put_mem_cgroup");
	check(&s, NOWHERE, 0);
}

/* Compacted counters need the index table, and a name that only begins alike is not it, nor a module's, nor one with a hidden
 * address. Without a function to flush the counters nothing is looked up. */
static void test_compacted(void **state)
{
	static const struct {
		const char *kallsyms;
		bool flush;
		__u64 index;
	} cases[] = {
		{"ffffffff81000000 T startup_64\nffffffff82000000 b mem_cgroup_stats_index\n", true,
		 0xffffffff82000000},
		{"ffffffff81000000 T startup_64\nffffffff82000000 b mem_cgroup_stats_index\n",
		 false, 0},
		{"ffffffff81000000 T startup_64\nffffffff82000000 b mem_cgroup_stats_indexes\n",
		 true, 0},
		{"ffffffff81000000 T startup_64\nffffffff82000000 b "
		 "mem_cgroup_stats_index\t[mod]\n",
		 true, 0},
		{"0000000000000000 b mem_cgroup_stats_index\n", true, 0},
		{"", true, 0},
		{"not\na symbol table\n\n", true, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[] = "/tmp/test_features.XXXXXX";
		__u32 expected = cases[i].index ? NEEDS(FEATURE_VMSTATS_INDEXED) : 0;
		int fd = mkstemp(path);
		__u64 index = 1;
		struct shape s;

		assert_true(fd >= 0);
		assert_int_equal(write(fd, cases[i].kallsyms, strlen(cases[i].kallsyms)),
				 strlen(cases[i].kallsyms));
		close(fd);
		shape_new(&s);
		add_vmstats(&s, false, 38, 56);
		if (cases[i].flush) {
			add_func(&s, "bpf_iter_cgroup");
			add_func(&s, "cgroup_rstat_flush");
			expected |= NEEDS(FEATURE_ITER_CGROUP) | NEEDS(FEATURE_RSTAT_FLUSH);
		}
		assert_int_equal(features_probe(s.btf, path, &index), expected);
		assert_int_equal(index, cases[i].index);
		btf__free(s.btf);
		unlink(path);
	}
}

static void test_words(void **state)
{
	assert_string_equal(feature_missing(0), "");
	for (unsigned int i = 0; i <= FEATURE_VICTIM_TASK; i++)
		assert_true(strlen(feature_missing(NEEDS(i))) > 0);
}

/* Only what is in brackets is in force; no such file: no lockdown. */
static void test_lockdown(void **state)
{
	static const struct {
		const char *text;
		bool refuses;
	} cases[] = {
		{"none integrity [confidentiality]\n", true},
		{"none [integrity] confidentiality\n", false},
		{"[none] integrity confidentiality\n", false},
		{"", false},
	};
	char path[] = "/tmp/test-lockdown-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, cases[i].text, strlen(cases[i].text), 0),
				 (ssize_t)strlen(cases[i].text));
		assert_int_equal(lockdown_refuses_bpf(path), cases[i].refuses);
	}
	close(fd);
	unlink(path);
	assert_false(lockdown_refuses_bpf(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_5_10),
		cmocka_unit_test(test_6_1),
		cmocka_unit_test(test_7_x),
		cmocka_unit_test(test_half_of_the_kfuncs_is_none),
		cmocka_unit_test(test_compacted),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_lockdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
