// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Clauses with durations and counts: nothing takes 0s, nothing is older than itself, no sign without a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <headroom/event.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "forecast/reason_text.h"
#include "format/explain.h"
#include "format/explain_line.h"
#include "format/phrase.h"

#define SEC  1000000000ULL
#define NOW  (1700000000 * SEC)
#define NONE HR_UNKNOWN

static void test_age(void **state)
{
	static const struct {
		uint64_t started, appeared, gone;
		const char *text;
	} rows[] = {
		{NOW - 90 * SEC, NOW, 0, "running for 1m30s"},
		{NOW - SEC, NOW, 0, "running for 1s"},
		{NOW - SEC / 2, NOW, 0, "just started"},
		{NOW, NOW, 0, "just started"},
		{NOW + 60 * SEC, NOW, 0, "just started"}, /* the clock was set back */
		{NONE, NOW, 0, "just appeared"},
		{NONE, NOW - 5 * SEC, 0, "known for 5s"},
		{NONE, 0, 0, "age unknown"},
		{NONE, NONE, 0, "age unknown"},
		{NOW - 90 * SEC, NOW, NOW - 3 * SEC, "gone for 3s"},
		{NOW - 90 * SEC, NOW, NOW, "just gone"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hr_slot *slot = calloc(1, sizeof(*slot));
		char text[200];
		struct line line = line_in(text, sizeof(text));

		slot->state = rows[i].gone ? HR_SLOT_GONE : HR_SLOT_RUNNING;
		slot->started_ns = rows[i].started;
		slot->appeared_ns = rows[i].appeared;
		slot->gone_ns = rows[i].gone;
		phrase_age(&line, slot, NOW);
		assert_string_equal(text, rows[i].text);
		free(slot);
	}
}

static void test_oom_in(void **state)
{
	static const struct {
		uint64_t p10, p50, p90;
		const char *text;
	} rows[] = {
		{NONE, NONE, NONE, "no OOM forecast within 24h"},
		{60000, NONE, NONE, "OOM possible in 1m00s (10% chance)"},
		{74000, 148000, 446000, "OOM in ~2m28s (80% interval 1m14s–7m26s)"},
		{74000, 148000, NONE, "OOM in ~2m28s (80% interval 1m14s–over 24h)"},
		{NONE, 148000, NONE, "OOM in ~2m28s"},
		{0, 400, 2000, "OOM in ~400 ms (80% interval 0s–2s)"},
		{1100, 1250, 1400, "OOM in ~1s"},
		{0, 0, 2000, "OOM imminent (80% interval 0s–2s)"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[200];
		struct line line = line_in(text, sizeof(text));

		phrase_oom_in_ms(&line, rows[i].p10, rows[i].p50, rows[i].p90);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_outcome(void **state)
{
	static const struct {
		uint64_t freed, after, restarted;
		uint32_t averted;
		const char *text;
	} rows[] = {
		{50 << 20, 3, NONE, 1, "freed 50 MiB in 3 ms; OOM averted"},
		{50 << 20, 0, NONE, HR_UNKNOWN_U32, "freed 50 MiB in under 1 ms"},
		{NONE, 0, NONE, HR_UNKNOWN_U32, "ended in under 1 ms"},
		{NONE, NONE, 0, HR_UNKNOWN_U32, "restarted after under 1 ms"},
		{NONE, NONE, NONE, HR_UNKNOWN_U32, "effect unknown"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hr_event_outcome o = {.freed = rows[i].freed,
					     .freed_after_ms = rows[i].after,
					     .restarted_after_ms = rows[i].restarted,
					     .averted = rows[i].averted};
		char text[200];
		struct line line = line_in(text, sizeof(text));

		phrase_outcome(&line, &o);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_counts(void **state)
{
	static const struct {
		uint64_t kills;
		const char *text;
	} rows[] = {
		{0, "no OOM kills recorded"},
		{1, "1 OOM kill, restarts included"},
		{2, "2 OOM kills, restarts included"},
		{NONE, "OOM kills unknown"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[100];
		struct line line = line_in(text, sizeof(text));

		phrase_kills(&line, rows[i].kills);
		assert_string_equal(text, rows[i].text);
	}
}

/* The weights of factors keep their sign below 1, and 0 has none. */
static void test_factors(void **state)
{
	static const struct {
		int weight;
		const char *text;
	} rows[] = {
		{150, "  +1.5 started 5s ago"}, {50, "  +0.5 started 5s ago"},
		{-50, "  -0.5 started 5s ago"}, {-150, "  -1.5 started 5s ago"},
		{-4, "   0.0 started 5s ago"},  {4, "   0.0 started 5s ago"},
		{-6, "  -0.1 started 5s ago"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct explanation *s = calloc(1, sizeof(*s));
		struct hr_forecast o = {.risk_centi = 100,
					.oom_in_p10_ms = NONE,
					.oom_in_p50_ms = NONE,
					.oom_in_p90_ms = NONE};

		o.reason[0] = (struct hr_reason){.kind = HR_REASON_YOUNG,
						 .weight_centi = (int16_t)rows[i].weight,
						 .arg = {5000}};
		explain_forecast(s, &o);
		assert_string_equal(s->line[s->n - 1].text, rows[i].text);
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),     cmocka_unit_test(test_oom_in),
		cmocka_unit_test(test_outcome), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_factors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
