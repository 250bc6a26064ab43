// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* When a memory map is asked for, and the events that come of the answers. The worker and the resolver are the test's. */
#include "fixture_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <headroom/reader.h>

#include "base/fd_message.h"

#define SECOND NS_PER_SEC
#define MIB    (1ull << 20)

static struct memory_maps maps;
static struct worker_job job;
static int resolver; /* its end */
static uint64_t start;

static void set_process(uint32_t slot, uint32_t pid, uint64_t rss)
{
	struct hr_slot *at = board_slot_begin(fake.board, slot);

	at->process[0] = (struct hr_process){
		.pid = pid, .start_boottime_ns = pid, .rss_bytes = rss, .comm = "worker"};
	board_slot_end(fake.board, slot);
}

static void set_usage(uint32_t slot, uint64_t usage)
{
	board_slot_begin(fake.board, slot)->memory.usage = usage;
	board_slot_end(fake.board, slot);
}

static void alarm_is(uint32_t slot, enum hr_alarm alarm, uint64_t at)
{
	fake.containers.tracks.track[slot].alarm = (uint8_t)alarm;
	memory_maps_alarm(&maps, slot, alarm, start + at);
}

/* The pid that the worker is to open; 0: none. */
static uint32_t asked(uint64_t at)
{
	return memory_maps_ask(&maps, &job, start + at) ? job.map_pid : 0;
}

/* The worker has opened it: the question, with a descriptor. */
static void opened(struct resolve_question *question, uint64_t at)
{
	int fd;

	job.map_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	memory_maps_take(&maps, &job, start + at);
	assert_int_equal(
		fd_message_receive(resolver, question, sizeof(*question), MSG_DONTWAIT, &fd),
		sizeof(*question));
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(question->ask, RESOLVE_MAP);
}

static void answered(const struct resolve_question *question, uint64_t heap, uint64_t memfd,
		     uint64_t at)
{
	struct resolve_answer answer = {.ask = RESOLVE_MAP,
					.cgroup_id = question->cgroup_id,
					.pid = question->pid,
					.text = "frames",
					.text_used = 7};

	answer.map = (struct resolve_map){
		.regions = 2,
		.mappings = 3,
		.resident = heap + memfd,
		.region = {{.kind = HR_MAP_HEAP, .mappings = 1, .resident = heap},
			   {.kind = HR_MAP_MEMFD,
			    .mappings = 2,
			    .resident = memfd,
			    .name = {offsetof(struct resolve_answer, text)}}},
	};
	memory_maps_answer(&maps, &answer, start + at);
}

/* The nth event; their number. */
static size_t event(size_t nth, struct hr_event_memory_map *ret)
{
	_Alignas(8) static char record[HR_EVENT_MAX_BYTES];
	struct hr_reader *reader;
	size_t n = 0;

	assert_int_equal(hr_reader_open(fake_board, &reader), 0);
	hr_reader_seek_event(reader, 0);
	while (hr_reader_next_event(reader, (void *)record, sizeof(record)) == 0)
		if (((struct hr_event *)record)->type == HR_EVENT_MEMORY_MAP && n++ == nth)
			memcpy(ret, record, sizeof(*ret));
	hr_reader_close(reader);
	return n;
}

static void begin(void)
{
	int pair[2];

	fake_open("");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	resolver = pair[1];
	resolver_init(&fake.resolver, pair[0]);
	memory_maps_init(&maps, fake.board, &fake.containers, &fake.resolver);
	memset(&job, 0, sizeof(job));
	start = 1000 * SECOND;
	fake_container(3, 7, "shop", "/shop");
	set_process(3, 77, 60 * MIB);
}

static void end(void)
{
	close(fake.resolver.fd);
	close(resolver);
	fake_close();
}

static void test_two(void **state)
{
	struct hr_event_memory_map map;
	struct resolve_question question;

	begin();
	assert_int_equal(asked(0), 0); /* calm */
	alarm_is(3, HR_ALARM_WARN, 0);
	assert_int_equal(asked(0), 77);
	opened(&question, 0);
	assert_int_equal(question.pid, 77);
	assert_int_equal(asked(SECOND), 0); /* not again while it is read */
	answered(&question, 50 * MIB, 10 * MIB, SECOND);
	assert_int_equal(event(0, &map), 1);
	assert_int_equal(map.event.cgroup_id, 7);
	assert_string_equal(map.comm, "worker");
	assert_int_equal(map.resident, 60 * MIB);
	assert_true(map.growth == HR_UNKNOWN_I64 && map.since_ms == HR_UNKNOWN);
	assert_true(map.region[1].growth == HR_UNKNOWN_I64);

	assert_int_equal(asked(9 * SECOND), 0); /* it has not grown */
	set_usage(3, 67 * MIB);
	assert_int_equal(asked(9 * SECOND), 0); /* not enough */
	set_usage(3, 80 * MIB);
	assert_int_equal(asked(2 * SECOND), 0); /* too soon */
	assert_int_equal(asked(9 * SECOND), 77);
	opened(&question, 9 * SECOND);
	answered(&question, 49 * MIB, 30 * MIB, 9 * SECOND);
	assert_int_equal(event(1, &map), 2);
	assert_int_equal(map.since_ms, 8000);
	assert_int_equal(map.growth, 19 * MIB);
	assert_int_equal(map.region[0].growth, -(int64_t)MIB);
	assert_int_equal(map.region[1].growth, 20 * MIB);

	set_usage(3, 200 * MIB);
	assert_int_equal(asked(60 * SECOND), 0); /* two, and no more */
	alarm_is(3, HR_ALARM_NONE, 70 * SECOND);
	alarm_is(3, HR_ALARM_WARN, 80 * SECOND);
	assert_int_equal(asked(81 * SECOND), 0); /* the same episode */
	alarm_is(3, HR_ALARM_NONE, 90 * SECOND);
	alarm_is(3, HR_ALARM_WARN, 200 * SECOND);
	assert_int_equal(asked(200 * SECOND), 77); /* another one */
	end();
}

/* Not at act, not without an alarm, not of a container that is gone. */
static void test_not(void **state)
{
	struct resolve_question question;
	struct hr_event_memory_map map;

	begin();
	alarm_is(3, HR_ALARM_ACT, 0);
	assert_int_equal(asked(0), 0);
	alarm_is(3, HR_ALARM_WARN, SECOND);
	assert_int_equal(asked(SECOND), 77);
	opened(&question, SECOND);
	/* An answer about another process, or one that could not be read, is no event. */
	question.pid = 78;
	answered(&question, MIB, MIB, SECOND);
	assert_int_equal(event(0, &map), 0);
	assert_int_equal(asked(2 * SECOND), 0);
	assert_int_equal(asked(30 * SECOND), 77); /* the answer never came */
	job.map_fd = -ESRCH;                      /* and now it has ended */
	memory_maps_take(&maps, &job, start + 30 * SECOND);
	fake.containers.tracks.track[3].gone_ns = 1;
	assert_int_equal(asked(60 * SECOND), 0);
	fake.containers.tracks.track[3].gone_ns = 0;
	assert_int_equal(asked(60 * SECOND), 77);
	assert_int_equal(asked(90 * SECOND), 77);
	assert_int_equal(asked(120 * SECOND), 0); /* four tries */
	end();
}

/* The largest of all below it; another process than before has nothing to be compared with. */
static void test_which(void **state)
{
	struct hr_event_memory_map map;
	struct resolve_question question;

	begin();
	fake_container(4, 8, "below", "/shop/below");
	fake.containers.tracks.track[4].parent_id = 7;
	set_process(4, 88, 90 * MIB);
	fake_container(5, 9, "beside", "/beside");
	set_process(5, 99, 500 * MIB);
	alarm_is(3, HR_ALARM_WARN, 0);
	assert_int_equal(asked(0), 88);
	opened(&question, 0);
	answered(&question, 50 * MIB, 10 * MIB, 0);
	set_process(3, 77, 400 * MIB);
	set_usage(3, 400 * MIB);
	assert_int_equal(asked(5 * SECOND), 77);
	opened(&question, 5 * SECOND);
	answered(&question, 300 * MIB, 10 * MIB, 5 * SECOND);
	assert_int_equal(event(1, &map), 2);
	assert_int_equal(map.pid, 77);
	assert_true(map.growth == HR_UNKNOWN_I64);
	end();
}

static void test_host(void **state)
{
	struct hr_event_memory_map map;
	struct resolve_question question;
	struct hr_host *host;

	begin();
	host = board_host_begin(fake.board);
	host->process[0] = (struct hr_process){.pid = 5, .rss_bytes = MIB, .comm = "build"};
	host->forecast.alarm = HR_ALARM_WARN;
	board_host_end(fake.board);
	memory_maps_alarm(&maps, TRACK_NONE, HR_ALARM_WARN, start);
	assert_int_equal(asked(0), 5);
	opened(&question, 0);
	answered(&question, MIB, MIB, 0);
	assert_int_equal(event(0, &map), 1);
	assert_int_equal(map.event.cgroup_id, 0);
	assert_int_equal(map.pid, 5);
	end();
}

/* As many cgroups as there are places; the next one takes that of an episode that is over. */
static void test_full(void **state)
{
	begin();
	for (uint32_t i = 0; i < MAP_EPISODES; i++) { /* takes no place */
		fake_container(40 + i, 200 + i, "calmer", "/calmer");
		alarm_is(40 + i, HR_ALARM_NOTICE, 0);
	}
	for (uint32_t i = 0; i <= MAP_EPISODES; i++) {
		fake_container(10 + i, 100 + i, "many", "/many");
		set_process(10 + i, 1000 + i, MIB);
		alarm_is(10 + i, HR_ALARM_WARN, 0);
	}
	for (uint32_t i = 0; i < MAP_EPISODES; i++)
		assert_int_equal(asked(0), 1000 + i);
	assert_int_equal(asked(0), 0);
	alarm_is(10, HR_ALARM_NONE, SECOND);
	alarm_is(10 + MAP_EPISODES, HR_ALARM_WARN, SECOND);
	assert_int_equal(asked(SECOND), 1000 + MAP_EPISODES);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two),   cmocka_unit_test(test_not),
		cmocka_unit_test(test_which), cmocka_unit_test(test_host),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
