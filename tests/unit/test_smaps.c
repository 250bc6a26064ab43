// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Memory maps of real programs (tests/fixtures/smaps: address ranges, Rss and Swap), and single mappings: which kind they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "identify/smaps.h"

static struct smaps smaps;
static struct smaps_region region[HR_MAP_REGIONS], total;

/* In pieces of `piece` bytes. */
static size_t parse(const char *text, size_t n, size_t piece)
{
	smaps_begin(&smaps);
	for (size_t at = 0; at < n; at += piece)
		smaps_add(&smaps, text + at, at + piece < n ? piece : n - at);
	return smaps_end(&smaps, region, &total);
}

static const struct smaps_region *find(size_t n, enum hr_map_kind kind, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (region[i].kind == kind && !strcmp(region[i].name, name))
			return &region[i];
	return NULL;
}

static const struct {
	const char *file;
	struct {
		enum hr_map_kind kind;
		const char *name;
		uint32_t mappings;
		uint64_t resident_kib;
	} has[8];
} programs[] = {
	/* four threads that allocate 30,000 KB each, 20 MiB by mmap, memfd, System V and POSIX shared memory */
	{"threads",
	 {{HR_MAP_GLIBC_ARENA, "", 4, 118144},
	  {HR_MAP_ANON, "", 4, 20516},
	  {HR_MAP_MEMFD, "frames", 1, 8192},
	  {HR_MAP_HEAP, "", 1, 4928},
	  {HR_MAP_SHM, "/SYSV00000000", 1, 4096},
	  {HR_MAP_SHM, "/dev/shm/ev-test", 1, 3072},
	  {HR_MAP_SHM, "", 1, 2048},
	  {HR_MAP_STACK, "", 5, 820}}},
	/* Go 1.19: 30 MB of slices */
	{"go", {{HR_MAP_GO_HEAP, "", 1, 30396}, {HR_MAP_FILE, "/srv/gohold", 3, 1188}}},
	/* OpenJDK 17, -Xmx256m: 60 MB of arrays */
	{"java",
	 {{HR_MAP_JVM_HEAP, "", 1, 62500},
	  {HR_MAP_GLIBC_ARENA, "", 15, 2604},
	  {HR_MAP_STACK, "", 24, 920},
	  {HR_MAP_JVM_CODE, "", 3, 492},
	  {HR_MAP_JVM_METASPACE, "", 4, 144},
	  {HR_MAP_HEAP, "", 1, 104}}},
	/* Node 20: objects, of which a part is left in the fixture, and 15 MB of buffers */
	{"node",
	 {{HR_MAP_FILE, "/usr/bin/node", 7, 35900},
	  {HR_MAP_V8, "", 89, 20812},
	  {HR_MAP_ANON, "", 8, 14620},
	  {HR_MAP_GLIBC_ARENA, "", 5, 5224},
	  {HR_MAP_HEAP, "", 1, 3392}}},
	/* CPython 3.11: 200,000 dictionaries and a bytearray of 20 MB */
	{"python",
	 {{HR_MAP_CPYTHON_ARENA, "", 16, 51636},
	  {HR_MAP_ANON, "CPython arenas or large blocks", 8, 26984},
	  {HR_MAP_HEAP, "", 1, 644}}},
	/* Redis 7 with jemalloc: 200,000 keys */
	{"redis", {{HR_MAP_ANON, "jemalloc", 13, 32156}, {HR_MAP_STACK, "", 5, 56}}},
};

static void test_programs(void **state)
{
	static char text[1 << 18];

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		char path[128];
		ssize_t n;
		size_t regions;
		FILE *file;

		snprintf(path, sizeof(path), "tests/fixtures/smaps/%s", programs[i].file);
		file = fopen(path, "re");
		assert_non_null(file);
		n = (ssize_t)fread(text, 1, sizeof(text), file);
		fclose(file);
		assert_true(n > 0 && (size_t)n < sizeof(text));
		regions = parse(text, (size_t)n, 4096);
		for (size_t k = 0; k < 8 && programs[i].has[k].mappings; k++) {
			const struct smaps_region *r =
				find(regions, programs[i].has[k].kind, programs[i].has[k].name);

			if (!r || r->mappings != programs[i].has[k].mappings ||
			    r->resident >> 10 != programs[i].has[k].resident_kib)
				fail_msg("%s: %s kind %d: %u mappings, %llu KiB", programs[i].file,
					 programs[i].has[k].name, programs[i].has[k].kind,
					 r ? r->mappings : 0,
					 r ? (unsigned long long)r->resident >> 10 : 0);
		}
	}
}

/* One mapping, with what is around it. */
static const struct {
	const char *lines;
	enum hr_map_kind kind;
	const char *name;
} single[] = {
	{"5000-6000 rw-p 00000000 00:00 0                          [heap]\nRss: 4 kB\n",
	 HR_MAP_HEAP, ""},
	{"5000-6000 rw-p 00000000 00:00 0 \nRss: 4 kB\n", HR_MAP_ANON, ""},
	{"5000-6000 rw-p 00000000 00:00 0 \nRss: 0 kB\nSwap: 8 kB\n", HR_MAP_ANON, ""},
	{"5000-6000 rw-p 00000000 00:00 0 [anon:my pool]\nRss: 4 kB\n", HR_MAP_ANON, "my pool"},
	{"5000-6000 rw-p 00000000 00:00 0 [anon: Go: heap]\nRss: 4 kB\n", HR_MAP_GO_HEAP, ""},
	{"5000-6000 rw-p 00000000 00:00 0 [anon: glibc: malloc arena]\nRss: 4 kB\n",
	 HR_MAP_GLIBC_ARENA, ""},
	{"5000-6000 rw-s 00000000 00:01 5 /memfd:a b (deleted)\nRss: 4 kB\n", HR_MAP_MEMFD, "a b"},
	{"5000-6000 rw-s 00000000 00:01 5 /memfd:\nRss: 4 kB\n", HR_MAP_MEMFD, ""},
	{"5000-6000 rw-s 00000000 00:01 5 /SYSV0052e2c1 (deleted)\nRss: 4 kB\n", HR_MAP_SHM,
	 "/SYSV0052e2c1"},
	{"5000-6000 rw-s 00000000 00:1b 5 /dev/shm/q\nRss: 4 kB\n", HR_MAP_SHM, "/dev/shm/q"},
	{"5000-6000 rw-s 00000000 00:01 5 /dev/zero (deleted)\nRss: 4 kB\n", HR_MAP_SHM, ""},
	{"5000-6000 rw-s 00000000 00:05 5 /dev/dri/card0\nRss: 4 kB\n", HR_MAP_DEVICE,
	 "/dev/dri/card0"},
	{"5000-6000 rw-s 00000000 00:0f 5 anon_inode:[io_uring]\nRss: 4 kB\n", HR_MAP_DEVICE,
	 "anon_inode:[io_uring]"},
	{"5000-6000 r--p 00000000 fe:00 5 /srv/[heap]\nRss: 4 kB\n", HR_MAP_FILE, "/srv/[heap]"},
	{"4000-5000 ---p 00000000 00:00 0 \nRss: 0 kB\n5000-6000 rw-p 00000000 00:00 0 \nRss: 4 "
	 "kB\n",
	 HR_MAP_STACK, ""},
	{"4000000-4021000 rw-p 00000000 00:00 0 \nRss: 4 kB\n4021000-8000000 ---p 00000000 00:00 0 "
	 "\nRss: 0 kB\n",
	 HR_MAP_GLIBC_ARENA, ""},
	{"4000000-9021000 rw-p 00000000 00:00 0 \nRss: 4 kB\n9021000-c000000 ---p 00000000 00:00 0 "
	 "\nRss: 0 kB\n",
	 HR_MAP_GLIBC_ARENA, ""},
	/* no library of Java is mapped: any anonymous memory */
	{"f0000000-ff000000 rw-p 00000000 00:00 0 \nRss: 4 kB\n", HR_MAP_ANON, ""},
	/* a long name keeps its end */
	{"5000-6000 r--p 00000000 fe:00 5 "
	 "/srv/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
	 "file\nRss: 4 kB\n",
	 HR_MAP_FILE, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/file"},
};

static void test_single(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		for (size_t piece = 1; piece < 8; piece += 3) {
			size_t n = parse(single[i].lines, strlen(single[i].lines), piece);

			if (n != 1 || region[0].kind != single[i].kind ||
			    strcmp(region[0].name, single[i].name) != 0 || region[0].mappings != 1)
				fail_msg("%s: %zu regions, kind %d '%s'", single[i].lines, n,
					 n ? (int)region[0].kind : -1, n ? region[0].name : "");
			assert_int_equal(region[0].resident + region[0].swap,
					 total.resident + total.swap);
		}
}

/* Neither is believed: sizes before any mapping, lines that are no header, a name that looks like a size. */
static void test_damaged(void **state)
{
	static const char *const none[] = {
		"Rss: 100 kB\n",
		"x-y rw-p\nRss: 4 kB\n",
		"6000-5000 rw-p 00000000 00:00 0 \nRss: 4 kB\n",
		"5000-6000\nRss: 4 kB\n",
		"5000-6000 rw-p",
		"\n\n\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (parse(none[i], strlen(none[i]), 3))
			fail_msg("%s", none[i]);
}

/* More names and mappings than there is room for are counted all the same. */
static void test_many(void **state)
{
	static char line[128];
	size_t n, names = SMAPS_NAMES + 100, most = SMAPS_MAPPINGS + 50;

	smaps_begin(&smaps);
	for (size_t i = 0; i < most; i++) {
		n = (size_t)snprintf(line, sizeof(line),
				     "%zx000-%zx000 r--p 00000000 fe:00 5 /srv/%zu\nRss: 4 kB\n",
				     i + 1, i + 2, i % names);
		smaps_add(&smaps, line, n);
	}
	n = smaps_end(&smaps, region, &total);
	assert_int_equal(total.resident, most * 4096);
	assert_int_equal(total.mappings, most);
	assert_true(n <= HR_MAP_REGIONS);
	assert_non_null(find(n, HR_MAP_REST, ""));
	assert_int_equal(find(n, HR_MAP_REST, "")->mappings, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
