// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The recorder's store when it is not what it was: cut, wiped, any byte changed, or a file of another program. What can be
 * read is read, nothing ever crashes, nothing foreign is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>

#include "fixture_store.h"

static void write_file(const char *path, const char *content, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_int_equal(fwrite(content, 1, n, f), n);
	fclose(f);
}

static bool is_there(const char *path) { return !access(path, F_OK); }

static void test_foreign_files(void **state)
{
	static const char text[] = "a thesis of many years, in a file that was named by mistake";
	struct rig *rig = *state;
	struct recorder_writer *recorder_writer = NULL;
	struct hr_reader *past;
	char pattern[256];
	glob_t found;

	assert_int_equal(store_snapshots(rig->store, 0, 1, &past, rig->error), -ENOENT);
	assert_non_null(strstr(rig->error, "start headroom-recorder"));
	write_file(rig->store, text, sizeof(text));
	assert_int_equal(writer_open(rig->store, STORE_DEFAULT_BYTES, &recorder_writer, rig->note),
			 -EPROTO);
	assert_true(is_there(rig->store));
	assert_true(store_snapshots(rig->store, 0, 1, &past, rig->error) < 0);
	unlink(rig->store);
	alter(rig, "CREATE TABLE addresses(name); INSERT INTO addresses VALUES('Ada')");
	assert_int_equal(writer_open(rig->store, STORE_DEFAULT_BYTES, &recorder_writer, rig->note),
			 -EPROTO);
	assert_int_equal(store_snapshots(rig->store, 0, 1, &past, rig->error), -EPROTO);
	alter(rig, "DROP TABLE addresses; VACUUM; PRAGMA application_id=1213360243; PRAGMA "
		   "user_version=99999");
	assert_int_equal(writer_open(rig->store, STORE_DEFAULT_BYTES, &recorder_writer, rig->note),
			 -EPROTONOSUPPORT);
	assert_true(is_there(rig->store));
	alter(rig, "PRAGMA user_version=1");
	assert_int_equal(writer_open(rig->store, STORE_DEFAULT_BYTES, &recorder_writer, rig->note),
			 0);
	assert_non_null(strstr(rig->note, "older version"));
	writer_close(recorder_writer);
	/* it stays, whatever space the new history needs */
	snprintf(pattern, sizeof(pattern), "%s.old-*", rig->store);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	assert_int_equal(quarantine_bytes(rig->store), 0);
	assert_false(quarantine_drop_oldest(rig->store));
	assert_true(is_there(found.gl_pathv[0]));
	globfree(&found);
}

/* Cut at every second page, and in the middle of one: reading never crashes and finds what stands before the cut; a recorder begins anew with that. */
static void test_cut_anywhere(void **state)
{
	struct rig *rig = *state;
	char cut[80];
	struct stat st;
	_cleanup_free_ char *bytes = NULL;
	size_t size;
	FILE *f;
	uint64_t best = 0;

	make_board(rig, 70, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < 6; i++) {
		fixture_step(&rig->fixture);
		keep(rig);
	}
	writer_close(take_ptr(rig->recorder_writer));
	assert_int_equal(stat(rig->store, &st), 0);
	size = (size_t)st.st_size;
	bytes = malloc(size);
	f = fopen(rig->store, "r");
	assert_int_equal(fread(bytes, 1, size, f), size);
	fclose(f);
	snprintf(cut, sizeof(cut), "%s/cut.db", rig->dir);
	for (size_t n = 0; n <= size; n += n % 8192 ? 4096 + 2048 : 4096 - 2048) {
		struct hr_reader *past = NULL;
		struct store_status status;
		struct recorder_writer *recorder_writer = NULL;
		uint32_t frames = 0;
		uint64_t sum = 0;

		write_file(cut, bytes, n);
		if (!store_snapshots(cut, 0, UINT64_MAX, &past, rig->error))
			for (; !hr_reader_next_frame(past); frames++)
				count_events(past, &sum);
		hr_reader_close(past);
		past = NULL;
		if (!store_events(cut, 0, UINT64_MAX, &past, rig->error))
			while (!hr_reader_next_frame(past))
				count_events(past, &sum);
		hr_reader_close(past);
		store_status(cut, &status, rig->error);
		best = frames > best ? frames : best;
		if (n % (8 * 4096) < 4096) {
			assert_int_equal(
				writer_open(cut, STORE_DEFAULT_BYTES, &recorder_writer, rig->note),
				0);
			assert_int_equal(
				writer_snapshot(recorder_writer, rig->reader, SNAPSHOT_MINUTE), 0);
			writer_close(recorder_writer);
			while (quarantine_drop_oldest(cut))
				;
		}
	}
	assert_int_equal(best, 6);
}

/* Another program wipes most of it while it is being written: noticed, moved aside, and a new store has what is readable. */
static void test_wiped_meanwhile(void **state)
{
	struct rig *rig = *state;
	static const char zeros[4096];
	struct hr_reader *past;
	struct store_status status;
	struct stat st;
	int fd, r = 0;

	make_board(rig, 100, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < 5; i++)
		keep(rig);
	quota_checkpoint(rig->recorder_writer); /* else all of it is in the log yet */
	assert_int_equal(stat(rig->store, &st), 0);
	fd = open(rig->store, O_WRONLY | O_CLOEXEC);
	for (off_t at = st.st_size / 2; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), at), sizeof(zeros));
	close(fd);
	for (int i = 0; !r && i < 50; i++) {
		sqlite3_db_release_memory(rig->recorder_writer->db);
		alter(rig, "UPDATE snapshots SET at_s = at_s - 1000 WHERE id = 1");
		r = writer_snapshot(rig->recorder_writer, rig->reader, SNAPSHOT_MINUTE);
		if (!r)
			r = writer_prune(rig->recorder_writer);
		if (!r)
			r = quota_drop_snapshot(rig->recorder_writer, i + 1);
	}
	assert_int_equal(r, -EBADMSG);
	assert_int_equal(writer_renew(rig->recorder_writer, rig->note), 0);
	assert_non_null(strstr(rig->note, "moved aside"));
	assert_true(quarantine_bytes(rig->store) > 0);
	keep(rig);
	assert_int_equal(store_status(rig->store, &status, rig->error), 0);
	assert_int_equal(status.damaged, 0);
	assert_true(status.snapshots > 0 && status.events > 0);
	/* what is counted can be read */
	assert_int_equal(store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error), 0);
	while (!hr_reader_next_frame(past))
		status.snapshots--;
	assert_int_equal(status.snapshots, 0);
	hr_reader_close(past);
}

/* Any byte of it may be another: never a crash, and never a snapshot that differs from what was kept. */
static void test_flipped_bytes(void **state)
{
	struct rig *rig = *state;
	struct fixture dice = {.random = 11};
	struct stat st;
	int fd;

	make_board(rig, 30, 1);
	open_writer(rig, STORE_DEFAULT_BYTES);
	for (int i = 0; i < 4; i++)
		keep(rig);
	writer_close(take_ptr(rig->recorder_writer));
	assert_int_equal(stat(rig->store, &st), 0);
	fd = open(rig->store, O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 300; i++) {
		off_t at = (off_t)(fixture_random(&dice) % (uint64_t)st.st_size);
		unsigned char was, is = (unsigned char)fixture_random(&dice);
		struct hr_reader *past = NULL;

		assert_int_equal(pread(fd, &was, 1, at), 1);
		assert_int_equal(pwrite(fd, &is, 1, at), 1);
		if (!store_snapshots(rig->store, 0, UINT64_MAX, &past, rig->error))
			while (!hr_reader_next_frame(past))
				if (hr_reader_frame_time(past)) {
					struct hr_slot x, y;
					uint32_t a = 0, b = 0;

					while (!hr_reader_slot(past, &a, &x)) {
						b = a - 1;
						assert_int_equal(
							hr_reader_slot(rig->reader, &b, &y), 0);
						x.seq = y.seq = 0;
						assert_memory_equal(&x, &y, sizeof(x));
					}
				}
		hr_reader_close(past);
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_foreign_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wiped_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flipped_bytes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
