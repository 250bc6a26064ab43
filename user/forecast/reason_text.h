/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names and text of forecast reasons and leak kinds. The order of the enums is part of the board's
 * layout. */
#ifndef HEADROOM_FORECAST_REASON_TEXT_H
#define HEADROOM_FORECAST_REASON_TEXT_H

#include <stddef.h>
#include <headroom/board.h>

/* The comment behind each kind lists its arguments: bytes, milliseconds and bytes per second unless
 * said otherwise. struct hr_reason.reserved is the enum hr_level that the reason refers to. */
enum hr_reason_kind {
	HR_REASON_NONE,
	HR_REASON_DRIFT,    /* growth B/s, ms to the limit (-1: too uncertain), limit */
	HR_REASON_RISE,     /* risen, left, ms that the rise took at this speed (-1) */
	HR_REASON_SLOWING,  /* growth B/s */
	HR_REASON_SAWTOOTH, /* usual peak, peaks seen (a number), from the peak to the limit */
	HR_REASON_BASELINE, /* growth of the baseline per hour, ms to the limit, ms of the window */
	/* the heap's own maximum, ms until the baseline reaches it, container's headroom */
	HR_REASON_HEAP,
	HR_REASON_SURVIVED,       /* ms at the limit, limit */
	HR_REASON_KILLED_BEFORE,  /* OOM kills of earlier runs (a number) */
	HR_REASON_STALL,          /* % of the last 10 s, % of the last minute */
	HR_REASON_REFAULT,        /* % of the memory read back per second */
	HR_REASON_UNDER_OOM,      /* ms */
	HR_REASON_HIGH,           /* ms to memory.high, memory.high */
	HR_REASON_THROTTLED,      /* memory.high */
	HR_REASON_SWAP_FULL,      /* swap used, swap left */
	HR_REASON_LEAK,           /* bytes per hour, enum hr_leak_of, ms of the window */
	HR_REASON_HIGH_FIRST,     /* memory.high */
	HR_REASON_YOUNG,          /* ms since its start */
	HR_REASON_NO_KILL_BEFORE, /* earlier runs that ended without an OOM kill (a number) */
	HR_REASON_RECLAIMED,  /* how often the kernel found memory at the limit (a number), limit */
	HR_REASON_UNSORTED,   /* kernel memory of unknown kind, all that is used */
	HR_REASON_STEP,       /* the largest increment, all that the rise has covered */
	HR_REASON_NEAR_LIMIT, /* left, ms that it has stood there */
	HR_REASON_COUNT
};

enum hr_leak_of {
	HR_LEAK_UNKNOWN,
	HR_LEAK_ANON,
	HR_LEAK_SHMEM,
	HR_LEAK_SLAB,
	HR_LEAK_KERNEL = 6, /* no daemon has written 4 and 5: no source tells those parts apart */
	HR_LEAK_OF_COUNT
};

/* "drift", "sawtooth", …: the JSON name; NULL outside the table. */
const char *forecast_reason_name(unsigned int kind);
/* "anon", "kernel", …; NULL outside the table and for unknown. */
const char *forecast_leak_kind_name(unsigned int of);
/* "none", "suspected", "confirmed", "exhausting"; NULL outside the table. */
const char *forecast_leak_state_name(unsigned int state);
/* One clause for a person, without a full stop. Returns buf; an empty string for no reason, "?" for
 * an unknown one. */
const char *forecast_reason_text(const struct hr_reason *reason, char *buf, size_t size);

#endif
