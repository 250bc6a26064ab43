// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The layout that HR_BOARD_VERSION stands for: a field that moves needs a new version, or an upgraded daemon adopts a board that it
 * misreads. And recordings of another layout are refused as such. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <headroom/event.h>
#include <headroom/reader.h>
#include <headroom/record.h>
#include <cmocka.h>

#include "base/cleanup.h"

static void test_offsets(void **state)
{
	static const struct {
		const char *field;
		size_t is, was; /* was: in the version below */
	} fields[] = {
		{"hr_board_header.state", offsetof(struct hr_board_header, state), 96},
		{"hr_board_header.ring_tail", offsetof(struct hr_board_header, ring_tail), 152},
		{"hr_slot.id", offsetof(struct hr_slot, id), 64},
		{"hr_slot.memory", offsetof(struct hr_slot, memory), 96},
		{"hr_slot.binding", offsetof(struct hr_slot, binding), 320},
		{"hr_slot.pressure", offsetof(struct hr_slot, pressure), 368},
		{"hr_slot.counts", offsetof(struct hr_slot, counts), 392},
		{"hr_slot.stalls", offsetof(struct hr_slot, stalls), 456},
		{"hr_slot.forecast", offsetof(struct hr_slot, forecast), 536},
		{"hr_slot.oom_kills_total", offsetof(struct hr_slot, oom_kills_total), 720},
		{"hr_slot.process", offsetof(struct hr_slot, process), 744},
		{"hr_slot.history", offsetof(struct hr_slot, history), 984},
		{"hr_slot.text", offsetof(struct hr_slot, text), 2536},
		{"hr_host.sampled_ns", offsetof(struct hr_host, sampled_ns), 168},
		{"hr_host.forecast", offsetof(struct hr_host, forecast), 240},
		{"hr_host.mode", offsetof(struct hr_host, mode), 448},
		{"hr_host.source", offsetof(struct hr_host, source), 528},
		{"hr_host.process", offsetof(struct hr_host, process), 2064},
		{"hr_host.score", offsetof(struct hr_host, score), 2448},
		{"hr_host.degraded", offsetof(struct hr_host, degraded), 2712},
	};

	assert_int_equal(HR_BOARD_VERSION, 4);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].is != fields[i].was)
			fail_msg("%s moved from %zu to %zu: raise HR_BOARD_VERSION",
				 fields[i].field, fields[i].was, fields[i].is);
	assert_int_equal(sizeof(struct hr_host), 4064);
	assert_int_equal(sizeof(struct hr_event), 72);
}

static void test_other_layout(void **state)
{
	static const struct {
		uint32_t board_version, header_bytes, host_bytes;
		int error;
		const char *says;
	} cases[] = {
		{HR_BOARD_VERSION, sizeof(struct hr_record_header), sizeof(struct hr_host), 0, ""},
		{HR_BOARD_VERSION, sizeof(struct hr_record_header), sizeof(struct hr_host) - 8,
		 -EPROTONOSUPPORT, "another layout"},
		{HR_BOARD_OLDEST, sizeof(struct hr_record_header), sizeof(struct hr_host), 0, ""},
		{HR_BOARD_OLDEST - 1, sizeof(struct hr_record_header), 2000, -EPROTONOSUPPORT,
		 "of a board of version 2"},
		{HR_BOARD_VERSION, sizeof(struct hr_record_header), 7, -EBADMSG, "damaged"},
		{HR_BOARD_VERSION, sizeof(struct hr_record_header), HR_BOARD_PAGE + 8, -EBADMSG,
		 "damaged"},
		{HR_BOARD_VERSION, 8, sizeof(struct hr_host), -EBADMSG, "damaged"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char path[] = "/tmp/headroom-layout.XXXXXX";
		_cleanup_close_ int fd = mkstemp(path);
		struct hr_record_header header = {
			.magic = HR_RECORD_MAGIC,
			.version = HR_RECORD_VERSION,
			.board_version = cases[i].board_version,
			.header_bytes = cases[i].header_bytes,
			.board_header_bytes = sizeof(struct hr_board_header),
			.host_bytes = cases[i].host_bytes,
			.slot_bytes = sizeof(struct hr_slot),
		};
		struct hr_reader *r = NULL;
		int e;

		assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
		e = hr_reader_open(path, &r);
		unlink(path);
		if (e != cases[i].error || (e && !strstr(hr_reader_error(), cases[i].says)))
			fail_msg("case %zu: %d, %s", i, e, hr_reader_error());
		hr_reader_close(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_other_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
