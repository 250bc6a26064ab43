// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The attach plan's table holds together with the BPF objects that it names, and the loader's
 * report survives the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "collect/loader.h"

static int be_quiet(enum libbpf_print_level level, const char *format, va_list args) { return 0; }

static struct bpf_object *object_open(const char *name)
{
	size_t bytes = 0;
	const void *elf = plan_object(name, &bytes);
	struct bpf_object *object;

	libbpf_set_print(be_quiet);
	assert_non_null(elf);
	object = bpf_object__open_mem(elf, bytes, NULL);
	assert_non_null(object);
	return object;
}

static void test_words_fit_and_are_unique(void **state)
{
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		assert_non_null(plan[i].name);
		assert_in_range(strlen(plan[i].name), 1, PLAN_NAME);
		assert_non_null(plan[i].describes);
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(plan[i].name, plan[k].name);
		for (unsigned int v = 0; v < plan_variants(&plan[i]); v++) {
			assert_in_range(strlen(plan[i].variants[v].name), 1, PLAN_VARIANT);
			for (unsigned int k = 0; k < v; k++)
				assert_string_not_equal(plan[i].variants[v].name,
							plan[i].variants[k].name);
		}
	}
}

static void test_last_variant_always_works(void **state)
{
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		unsigned int n = plan_variants(&plan[i]);

		assert_in_range(n, 1, PLAN_VARIANTS);
		assert_null(plan[i].variants[n - 1].object);
		assert_null(plan[i].variants[n - 1].with);
		assert_int_equal(plan[i].variants[n - 1].needs, 0);
	}
}

static void test_with_names_a_variant_before(void **state)
{
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++)
		for (unsigned int v = 0; v < plan_variants(&plan[i]); v++) {
			const char *with = plan[i].variants[v].with;
			bool found = !with;

			assert_true(!with || i > 0);
			for (unsigned int k = 0; with && k < plan_variants(&plan[i - 1]); k++)
				found |= strcmp(plan[i - 1].variants[k].name, with) == 0;
			assert_true(found);
		}
}

static void test_programs_exist(void **state)
{
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++)
		for (unsigned int v = 0; v < plan_variants(&plan[i]); v++) {
			const struct plan_variant *variant = &plan[i].variants[v];
			struct bpf_object *object;

			if (!variant->object)
				continue;
			assert_non_null(variant->programs[0]);
			object = object_open(variant->object);
			for (unsigned int p = 0; p < PLAN_PROGRAMS && variant->programs[p]; p++)
				assert_non_null(bpf_object__find_program_by_name(
					object, variant->programs[p]));
			bpf_object__close(object);
		}
}

static bool plan_uses(const char *object, const char *program)
{
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++)
		for (unsigned int v = 0; v < plan_variants(&plan[i]); v++) {
			const struct plan_variant *variant = &plan[i].variants[v];

			if (!variant->object || strcmp(variant->object, object) != 0)
				continue;
			for (unsigned int p = 0; p < PLAN_PROGRAMS && variant->programs[p]; p++)
				if (strcmp(variant->programs[p], program) == 0)
					return true;
		}
	return false;
}

static const char *const objects[] = {
	"lifecycle",       "oom",        "reclaim", "sweep_cgroup",
	"sweep_ancestors", "sweep_task", "reflex",  "threshold_timer"};

static void test_no_program_is_forgotten(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct bpf_object *object = object_open(objects[i]);
		struct bpf_program *program;

		bpf_object__for_each_program (program, object)
			if (!plan_uses(objects[i], bpf_program__name(program)))
				fail_msg("%s of %s is in no variant", bpf_program__name(program),
					 objects[i]);
		bpf_object__close(object);
	}
}

/* One map over several objects: a shape of its own in one of them would be silently replaced by
 * another's. */
static void test_shared_maps_agree(void **state)
{
	struct {
		int type;
		__u32 key, value, flags;
		bool seen;
	} shape[MAP_COUNT] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct bpf_object *object = object_open(objects[i]);

		for (unsigned int m = 0; m < MAP_COUNT; m++) {
			const struct bpf_map *map =
				bpf_object__find_map_by_name(object, loader_map_names[m]);

			if (!map)
				continue;
			if (shape[m].seen) {
				assert_int_equal(bpf_map__type(map), shape[m].type);
				assert_int_equal(bpf_map__key_size(map), shape[m].key);
				assert_int_equal(bpf_map__value_size(map), shape[m].value);
				assert_int_equal(bpf_map__map_flags(map), shape[m].flags);
			}
			shape[m].seen = true;
			shape[m].type = bpf_map__type(map);
			shape[m].key = bpf_map__key_size(map);
			shape[m].value = bpf_map__value_size(map);
			shape[m].flags = bpf_map__map_flags(map);
		}
		bpf_object__close(object);
	}
	for (unsigned int m = 0; m < MAP_COUNT; m++)
		assert_true(shape[m].seen);
}

static void test_no_map_is_unknown(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct bpf_object *object = object_open(objects[i]);
		struct bpf_map *map;

		bpf_object__for_each_map (map, object) {
			bool known = strcmp(bpf_map__name(map), ".rodata.config") == 0;

			for (unsigned int m = 0; m < MAP_COUNT; m++)
				known |= strcmp(bpf_map__name(map), loader_map_names[m]) == 0;
			if (!known)
				fail_msg("map %s of %s is not in loader.h", bpf_map__name(map),
					 objects[i]);
		}
		bpf_object__close(object);
	}
}

static void test_unknown_object(void **state)
{
	size_t bytes = 7;

	assert_null(plan_object("nothing", &bytes));
	assert_int_equal(bytes, 7);
}

static void some_loaded(struct loaded *loaded)
{
	loader_none("", loaded);
	loaded->map[MAP_RECORDS] = 40;
	loaded->map[MAP_TASKS] = 41;
	loaded->signal[SIGNAL_OOM_KILL].variant = 2;
	loaded->signal[SIGNAL_OOM_KILL].link[0] = 50;
	loaded->signal[SIGNAL_OOM_KILL].link[1] = 51;
	loaded->signal[SIGNAL_TASKS].variant = 0;
	loaded->signal[SIGNAL_TASKS].link[0] = 52;
	strcpy(loaded->signal[SIGNAL_OOM_KILL].skipped, "mark_victim + fentry: EPERM");
}

static void test_report_round_trip(void **state)
{
	struct loader_report report;
	struct loaded sent, got;
	int fds[LOADER_FDS];

	some_loaded(&sent);
	loader_report_encode(&sent, &report, fds);
	assert_int_equal(report.n_fds, 5);
	assert_int_equal(loader_report_decode(&report, sizeof(report), fds, 5, &got), 0);
	assert_memory_equal(got.map, sent.map, sizeof(sent.map));
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		assert_int_equal(got.signal[i].variant, sent.signal[i].variant);
		assert_memory_equal(got.signal[i].link, sent.signal[i].link,
				    sizeof(sent.signal[i].link));
		assert_string_equal(got.signal[i].skipped, sent.signal[i].skipped);
	}
}

static void test_report_refused(void **state)
{
	struct loader_report good, bad;
	struct loaded sent, got = {.map = {99}};
	int fds[LOADER_FDS];

	some_loaded(&sent);
	loader_report_encode(&sent, &good, fds);
	assert_int_equal(loader_report_decode(&good, sizeof(good) - 1, fds, 5, &got), -EBADMSG);
	assert_int_equal(loader_report_decode(&good, sizeof(good), fds, 4, &got), -EBADMSG);
	bad = good, bad.magic++;
	assert_int_equal(loader_report_decode(&bad, sizeof(bad), fds, 5, &got), -EBADMSG);
	bad = good, bad.signal[0].variant = PLAN_VARIANTS;
	assert_int_equal(loader_report_decode(&bad, sizeof(bad), fds, 5, &got), -EBADMSG);
	bad = good, bad.signal[0].variant = -1;
	assert_int_equal(loader_report_decode(&bad, sizeof(bad), fds, 5, &got), -EBADMSG);
	bad = good, bad.fd[1].map = bad.fd[0].map; /* one map twice */
	assert_int_equal(loader_report_decode(&bad, sizeof(bad), fds, 5, &got), -EBADMSG);
	bad = good, bad.fd[4].signal = SIGNAL_COUNT;
	assert_int_equal(loader_report_decode(&bad, sizeof(bad), fds, 5, &got), -EBADMSG);
	bad = good, bad.n_fds = LOADER_FDS + 1;
	assert_int_equal(loader_report_decode(&bad, sizeof(bad), fds, LOADER_FDS + 1, &got),
			 -EBADMSG);
	assert_int_equal(got.map[0], 99); /* untouched */
}

static void test_report_too_many_links(void **state)
{
	struct loader_report report;
	struct loaded none, got;
	int fds[LOADER_FDS] = {0};

	loader_none("", &none);
	loader_report_encode(&none, &report, fds);
	report.n_fds = LOADER_LINKS + 1;
	for (unsigned int i = 0; i < report.n_fds; i++) {
		report.fd[i].map = 0xffff;
		report.fd[i].signal = SIGNAL_EXEC;
	}
	assert_int_equal(loader_report_decode(&report, sizeof(report), fds, report.n_fds, &got),
			 -EBADMSG);
}

static void test_no_bpf_is_the_last_variant_of_all(void **state)
{
	struct loaded loaded;

	loader_none("no BTF", &loaded);
	assert_string_equal(loaded.reason_not, "no BTF");
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		assert_int_equal(loaded.signal[i].variant, plan_variants(&plan[i]) - 1);
		assert_int_equal(loaded.signal[i].link[0], -1);
	}
	for (unsigned int i = 0; i < MAP_HANDED; i++)
		assert_int_equal(loaded.map[i], -1);
	loaded_done(&loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_fit_and_are_unique),
		cmocka_unit_test(test_last_variant_always_works),
		cmocka_unit_test(test_with_names_a_variant_before),
		cmocka_unit_test(test_programs_exist),
		cmocka_unit_test(test_no_program_is_forgotten),
		cmocka_unit_test(test_shared_maps_agree),
		cmocka_unit_test(test_no_map_is_unknown),
		cmocka_unit_test(test_unknown_object),
		cmocka_unit_test(test_report_round_trip),
		cmocka_unit_test(test_report_refused),
		cmocka_unit_test(test_report_too_many_links),
		cmocka_unit_test(test_no_bpf_is_the_last_variant_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
