// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* systemd-oomd's settings as policies. */
#include "fixture_tree.h"
#include "fixture_import.h"

static void test_systemd_oomd(void **state)
{
	_cleanup_free_ char *text = import(import_systemd_oomd, FIXTURES "systemd", 0);
	_cleanup_free_ struct policy_set *set = policy_parse(text);
	static const struct {
		const char *name, *glob;
		uint32_t full, available;
		uint64_t for_ms;
	} rows[] = {
		{"oomd-pressure-user@.service", "/user.slice/user-*.slice/user@*.service/*", 5000,
		 0, 20000},
		{"oomd-pressure-batch-night.slice", "/batch.slice/batch-night.slice/*", 6050, 0,
		 60000},
		{"oomd-pressure-system.slice", "/system.slice/*", 6050, 0,
		 20000}, /* set-property wins */
		{"oomd-pressure-worker-.service", "/system.slice/worker-*.service", 6050, 0, 90000},
		{"oomd-swap--.slice", "/*", 0, 150, 0},
		{"oomd-swap-job@.service", "/system.slice/*/job@*.service", 0, 150, 0},
		{"oomd-user-rule-app.slice-stall",
		 "/user.slice/user-*.slice/user@*.service/app.slice", 5000, 0, 20000},
		{"oomd-user-rule-app.slice-swap",
		 "/user.slice/user-*.slice/user@*.service/app.slice/*", 2000, 200, 5000},
	};

	assert_int_equal(set->policies, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct policy *p = find(set, rows[i].name);

		assert_string_equal(first_glob(set, rows[i].name), rows[i].glob);
		assert_int_equal(p->threshold[CONDITION_FULL_AVG10].value, rows[i].full);
		assert_int_equal(p->threshold[CONDITION_HOST_AVAILABLE].milli, rows[i].available);
		assert_int_equal(p->for_ms, rows[i].for_ms);
	}
	assert_protects(
		set,
		"/system.slice/noisy.service /system.slice/noisy.service/* "
		"/web.slice/web-front.slice/shop.service /web.slice/web-front.slice/shop.service/* "
		"/user.slice/user-*.slice/user@*.service/*/player.service "
		"/user.slice/user-*.slice/user@*.service/*/player.service/*");
	has(text, "'high' is no share");
	has(text, "rule missing: No such file");
	has(text, "FutureSetting=1   ← not taken");
	has(text, "masked.slice: not in effect for masked.slice: the unit is");
}

static void test_systemd_oomd_single(void **state)
{
	_cleanup_free_ char *unit =
		import(import_systemd_oomd,
		       FIXTURES "systemd/etc/systemd/system/-.slice.d/10-oomd.conf", 0);
	_cleanup_free_ char *global =
		import(import_systemd_oomd, FIXTURES "systemd/etc/systemd/oomd.conf", 0);
	_cleanup_free_ char *etc = import(import_systemd_oomd, FIXTURES "systemd/etc/systemd/", 0);
	_cleanup_free_ struct policy_set *one = policy_parse(unit), *none = policy_parse(global),
					 *all = policy_parse(etc);

	assert_true(one->policies == 1 && one->protects == 0);
	assert_int_equal(milli(one, "oomd-swap--.slice"), 100); /* 90 % of swap, the default */
	assert_int_equal(none->policies, 0);
	has(global, "oomd would do");
	assert_int_equal(all->policies, 8); /* the root above etc/systemd */
}

#define CLASS "etc/systemd/system/job-.service.d/a.conf"
#define ONE   "etc/systemd/system/job-one.service"

/* A unit that differs from what holds for its prefix, template or type. */
static void test_systemd_classes(void **state)
{
	static const struct {
		const char *class, *one_path, *one;
		size_t lost;
		const char *said; /* after "!": not said */
	} rows[] = {
		/* in another slice: the class's globs do not find it */
		{"ManagedOOMPreference=omit", ONE, "Slice=apps-web.slice", 0,
		 "- 'cgroup:/apps.slice/apps-web.slice/job-one.service'"},
		{"ManagedOOMMemoryPressure=kill", ONE, "Slice = apps.slice", 0,
		 "['/apps.slice/job-one.service', '/apps.slice/job-one.service/*']"},
		{"ManagedOOMMemoryPressure=kill", ONE ".d/z.conf", "Slice=apps.slice", 0,
		 "['/apps.slice/job-one.service', '/apps.slice/job-one.service/*']"},
		/* out of the class's policy */
		{"ManagedOOMMemoryPressure=kill", ONE ".d/z.conf", "ManagedOOMMemoryPressure=auto",
		 1, "job-one.service is not ended for its stall"},
		{"ManagedOOMSwap=kill", ONE ".d/z.conf", "ManagedOOMSwap=auto", 1,
		 "job-one.service is not ended for swap"},
		{"ManagedOOMMemoryPressure=kill", ONE ".d/a.conf", "Nice=1", 1,
		 "job-one.service is not ended for its stall"}, /* hides the class's file */
		{"ManagedOOMMemoryPressure=kill", ONE, "ManagedOOMMemoryPressure=auto", 0,
		 "set again in"}, /* the drop-in comes later */
		{"ManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureLimit=40%",
		 ONE ".d/z.conf", "ManagedOOMMemoryPressureLimit=80%", 0, "acts before its own"},
		{"ManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureDurationSec=10s",
		 ONE ".d/z.conf", "ManagedOOMMemoryPressureDurationSec=", 0, "acts before its own"},
		/* the default is 30 s */
		{"ManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureDurationSec=60s",
		 ONE ".d/z.conf", "ManagedOOMMemoryPressureDurationSec=", 0,
		 "!acts before its own"},
		{"ManagedOOMMemoryPressure=kill\nManagedOOMMemoryPressureDurationSec=30s",
		 ONE ".d/z.conf", "ManagedOOMMemoryPressureDurationSec=", 0,
		 "!acts before its own"},
		{"ManagedOOMPreference=avoid", ONE ".d/z.conf", "ManagedOOMPreference=none", 0,
		 "not protected by itself"},
		/* of another name */
		{"ManagedOOMMemoryPressure=kill", "etc/systemd/system/job.service",
		 "ManagedOOMMemoryPressure=auto", 0, "no policy"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct tree tree;
		char settings[300];
		_cleanup_free_ char *text = NULL;

		tree_new(&tree);
		snprintf(settings, sizeof(settings), "[Service]\n%s\n", rows[i].class);
		tree_put(&tree, CLASS, settings);
		snprintf(settings, sizeof(settings), "[Service]\n%s\n", rows[i].one);
		tree_put(&tree, rows[i].one_path, settings);
		text = import_lost_of(import_systemd_oomd, tree.root, 0, rows[i].lost);
		free(policy_parse(text));
		if (*rows[i].said == '!')
			has_not(text, rows[i].said + 1);
		else
			has(text, rows[i].said);
		tree_done(&tree);
	}
}

/* Drop-ins that are no regular files must not be waited for, and none is lost silently. */
static void test_systemd_odd_files(void **state)
{
	struct tree tree;
	char path[TREE_PATH];
	_cleanup_free_ char *text = NULL;

	tree_new(&tree);
	tree_put(&tree, "etc/systemd/system/-.slice.d/a.conf", "[Slice]\nManagedOOMSwap=kill\n");
	tree_mkdir(&tree, "etc/systemd/system/f.service.d");
	assert_int_equal(
		mkfifo(tree_path(&tree, "etc/systemd/system/f.service.d/f.conf", path), 0600), 0);
	assert_int_equal(symlink("/dev/zero",
				 tree_path(&tree, "etc/systemd/system/f.service.d/z.conf", path)),
			 0);
	assert_int_equal(
		symlink("l.conf", tree_path(&tree, "etc/systemd/system/f.service.d/l.conf", path)),
		0);
	tree_mkdir(&tree, "etc/systemd/system/f.service.d/d.conf");
	text = import(import_systemd_oomd, tree.root, 0);
	has(text, "f.conf: Operation not supported: not read");
	has(text, "l.conf: Too many levels of symbolic links: not read");
	free(text);
	tree_put(&tree, "etc/systemd/system/g\n'x.service.d/g.conf",
		 "[Service]\nManagedOOMPreference=omit\n");
	text = import(import_systemd_oomd, tree.root, 0);
	has(text, "- 'cgroup:/system.slice/g?''x.service'");
	free(text);
	tree_path(&tree, "etc/systemd/system/f.service.d/n.conf", path);
	{
		FILE *file = fopen(path, "we");

		assert_int_equal(fwrite("ManagedOOMPreference=omit\0\n", 1, 27, file), 27);
		fclose(file);
	}
	text = import_lost_of(import_systemd_oomd, tree.root, 0, 1);
	has(text, "n.conf: not a text: protected cgroups in it are not known");
	tree_done(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd_oomd),
		cmocka_unit_test(test_systemd_oomd_single),
		cmocka_unit_test(test_systemd_classes),
		cmocka_unit_test(test_systemd_odd_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
