// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The sinks' threads: nothing is lost while a sink is down, what the queue can't hold is the oldest and is counted, filters
 * hold, a sink that hangs delays no other, and a stop lets each deliver what waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "export/config.h"

#define MOST     1000
#define PATIENCE (10 * NS_PER_SEC)

static struct fake {
	uint64_t seen[MOST];
	size_t n;  /* __atomic */
	int fails; /* so many deliveries fail; __atomic */
	int opens;
	bool hangs, refuses;
} fake[2];

static struct fake *fake_of(struct sink *sink)
{
	return &fake[sink->options == NULL ? 0 : sink->common->severity == HR_CRITICAL];
}

static int fake_open(struct sink *sink)
{
	fake_of(sink)->opens++;
	return 0;
}

static void fake_close(struct sink *sink) {}

static int fake_event(struct sink *sink, const struct export_event *event)
{
	struct fake *f = fake_of(sink);

	while (__atomic_load_n(&f->hangs, __ATOMIC_ACQUIRE))
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	if (__atomic_load_n(&f->fails, __ATOMIC_ACQUIRE) > 0) {
		__atomic_sub_fetch(&f->fails, 1, __ATOMIC_ACQ_REL);
		return -ECONNREFUSED;
	}
	if (f->refuses) {
		sink_set_error(sink, "no");
		sink_drop(sink);
		return 0;
	}
	f->seen[f->n] = event->record.seq;
	__atomic_add_fetch(&f->n, 1, __ATOMIC_ACQ_REL);
	return 0;
}

static const struct sink_common defaults = {.queue = 8, .interval_ms = 1000};
static const struct sink_type fake_type = {
	.name = "fake",
	.options_bytes = sizeof(struct sink_common),
	.defaults = &defaults,
	.events = true,
	.open = fake_open,
	.close = fake_close,
	.event = fake_event,
};

static struct exporter e;

static void start(size_t sinks)
{
	memset(&e, 0, sizeof(e));
	memset(fake, 0, sizeof(fake));
	for (size_t i = 0; i < sinks; i++) {
		assert_int_equal(export_config_add(&e, &fake_type), 0);
		export_resume(&e, i, 5, 0);
	}
	if (sinks == 2)
		((struct sink_common *)e.sink[1].options)->severity = HR_CRITICAL;
}

static uint64_t instance = 5, time_ns = 1767225600000000000ULL;

static void push(uint64_t seq, unsigned int type, unsigned int severity)
{
	struct hr_event_daemon record = {.event = {.bytes = sizeof(record),
						   .type = (uint16_t)type,
						   .severity = (uint8_t)severity,
						   .seq = seq,
						   .time_ns = time_ns,
						   .instance = instance}};
	struct export_event *event = export_event_new(&record.event, "node");

	assert_non_null(event);
	export_push(&e, event);
	export_event_unref(event);
}

static bool wait_for(const size_t *counter, size_t n)
{
	uint64_t until = clock_mono_ns() + PATIENCE;

	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < n && clock_mono_ns() < until)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE) >= n;
}

static void stop(void)
{
	export_stop(&e);
	exporter_done(&e);
}

static void test_order(void **state)
{
	start(1);
	assert_int_equal(export_start(&e), 0);
	for (uint64_t i = 1; i <= 5; i++)
		push(i, HR_EVENT_DAEMON, HR_INFO);
	assert_true(wait_for(&fake[0].n, 5));
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(fake[0].seen[i], i + 1);
	push(3, HR_EVENT_DAEMON, HR_INFO); /* one that was taken before is not taken twice */
	export_stop(&e);
	assert_int_equal(fake[0].n, 5);
	assert_int_equal(e.sink[0].counts.delivered, 5);
	assert_int_equal(e.sink[0].counts.last_seq, 5);
	exporter_done(&e);
}

/* Down for two tries: all come, in order, none twice. */
static void test_down(void **state)
{
	start(1);
	fake[0].fails = 2;
	assert_int_equal(export_start(&e), 0);
	push(1, HR_EVENT_DAEMON, HR_INFO);
	push(2, HR_EVENT_DAEMON, HR_INFO);
	assert_true(wait_for(&fake[0].n, 2));
	export_stop(&e);
	assert_int_equal(fake[0].seen[0], 1);
	assert_int_equal(fake[0].seen[1], 2);
	assert_int_equal(fake[0].n, 2);
	assert_int_equal(fake[0].opens, 3);
	assert_int_equal(e.sink[0].counts.failures, 2);
	assert_int_equal(e.sink[0].counts.dropped, 0);
	exporter_done(&e);
}

static void test_overflow(void **state)
{
	start(1);
	fake[0].hangs = true;
	assert_int_equal(export_start(&e), 0);
	for (uint64_t i = 1; i <= 20; i++)
		push(i, HR_EVENT_DAEMON, HR_INFO);
	__atomic_store_n(&fake[0].hangs, false, __ATOMIC_RELEASE);
	assert_true(wait_for(&fake[0].n, 8));
	export_stop(&e);
	assert_int_equal(e.sink[0].counts.dropped, 12);
	assert_int_equal(fake[0].seen[fake[0].n - 1], 20);
	assert_int_equal(fake[0].seen[fake[0].n - 8], 13);
	exporter_done(&e);
}

/* A sink that hangs: the other gets all, and pushing never waits. */
static void test_co_tenant(void **state)
{
	start(2);
	fake[1].hangs = true;
	assert_int_equal(export_start(&e), 0);
	for (uint64_t i = 1; i <= 7; i++)
		push(i, HR_EVENT_OOM_KILL, HR_CRITICAL);
	push(8, HR_EVENT_DAEMON, HR_INFO); /* below the other's severity */
	assert_true(wait_for(&fake[0].n, 8));
	assert_int_equal(fake[1].n, 0);
	__atomic_store_n(&fake[1].hangs, false, __ATOMIC_RELEASE);
	stop();
	assert_int_equal(fake[1].n, 7);
}

static void test_types(void **state)
{
	start(1);
	((struct sink_common *)e.sink[0].options)->types = 1u << HR_EVENT_LEAK;
	assert_int_equal(export_start(&e), 0);
	push(1, HR_EVENT_DAEMON, HR_CRITICAL);
	push(2, HR_EVENT_LEAK, HR_WARNING);
	assert_true(wait_for(&fake[0].n, 1));
	assert_true(wait_for((size_t *)&e.sink[0].counts.last_seq, 2));
	push(3, HR_EVENT_DAEMON, HR_CRITICAL);
	assert_int_equal(e.sink[0].counts.last_seq, 3); /* skipped, and not read again */
	stop();
	assert_int_equal(fake[0].n, 1);
	assert_int_equal(fake[0].seen[0], 2);
}

/* What the other side will never take must not stand in the way of the rest. */
static void test_refused(void **state)
{
	start(1);
	fake[0].refuses = true;
	assert_int_equal(export_start(&e), 0);
	push(1, HR_EVENT_DAEMON, HR_INFO);
	assert_true(wait_for((size_t *)&e.sink[0].counts.dropped, 1));
	fake[0].refuses = false;
	push(2, HR_EVENT_DAEMON, HR_INFO);
	assert_true(wait_for(&fake[0].n, 1));
	export_stop(&e);
	assert_int_equal(fake[0].seen[0], 2);
	assert_int_equal(e.sink[0].counts.delivered, 1);
	assert_int_equal(e.sink[0].counts.dropped, 1);
	exporter_done(&e);
}

/* A guard with a board of its own comes while events of the one before still wait: none of its events passes for one that was
 * taken, however small its numbers are. */
static void test_other_board(void **state)
{
	start(1);
	fake[0].hangs = true;
	assert_int_equal(export_start(&e), 0);
	push(5000, HR_EVENT_DAEMON, HR_INFO);
	push(5001, HR_EVENT_DAEMON, HR_INFO);
	instance = 6;
	export_resume(&e, 0, 6, 0);
	__atomic_store_n(&fake[0].hangs, false, __ATOMIC_RELEASE);
	assert_true(
		wait_for((size_t *)&e.sink[0].counts.delivered, 2)); /* those of the one before */
	push(1, HR_EVENT_DAEMON, HR_INFO);
	assert_true(wait_for(&fake[0].n, 3));
	push(2, HR_EVENT_DAEMON, HR_INFO);
	push(1, HR_EVENT_DAEMON, HR_INFO); /* this one was taken */
	assert_true(wait_for(&fake[0].n, 4));
	instance = 5;
	export_stop(&e);
	assert_int_equal(fake[0].n, 4);
	assert_int_equal(fake[0].seen[2], 1);
	assert_int_equal(fake[0].seen[3], 2);
	assert_int_equal(e.sink[0].counts.last_seq, 2);
	exporter_done(&e);
}

/* A clock that jumps: the order is the board's, by number. */
static void test_clock(void **state)
{
	uint64_t times[] = {1767225600000000000ULL, 1, 1767225500000000000ULL, UINT64_MAX, 0};

	start(1);
	assert_int_equal(export_start(&e), 0);
	for (uint64_t i = 0; i < 5; i++) {
		time_ns = times[i];
		push(i + 1, HR_EVENT_DAEMON, HR_INFO);
	}
	time_ns = times[0];
	assert_true(wait_for(&fake[0].n, 5));
	stop();
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(fake[0].seen[i], i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),       cmocka_unit_test(test_down),
		cmocka_unit_test(test_overflow),    cmocka_unit_test(test_co_tenant),
		cmocka_unit_test(test_types),       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_other_board), cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
