// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Stores history points as differences, newest first, by column; then transposes the fixed parts of all slots byte by byte:
 * equal bytes of many containers become runs. docs/reference/recorder-cost.md has the sizes. Memory only.
 */
#include "delta_codec.h"

#include <stddef.h>
#include <string.h>

#define COLUMNS 4u
#define POINTS  (HR_FINE + HR_COARSE)
#define FIXED \
	offsetof(struct hr_slot, text) /* transposed bytes; text compresses better unchanged */

_Static_assert(sizeof(struct hr_point) == COLUMNS * sizeof(uint32_t), "a point is four words");
_Static_assert(offsetof(struct hr_history, coarse) ==
		       offsetof(struct hr_history, fine) + HR_FINE * sizeof(struct hr_point),
	       "both histories are adjacent");

union words {
	struct hr_point point[POINTS];
	uint32_t row[POINTS][COLUMNS]; /* time, usage, unreclaimable, headroom */
	uint32_t column[COLUMNS][POINTS];
};

/* Maps small differences of either sign to small numbers. */
static uint32_t zigzag(uint32_t n) { return n << 1 ^ (n >> 31 ? UINT32_MAX : 0); }
static uint32_t unzigzag(uint32_t n) { return n >> 1 ^ (n & 1 ? UINT32_MAX : 0); }

/* Index of the k-th newest element of a ring of `size` that was written `count` times. */
static uint32_t place(uint32_t count, uint32_t size, uint32_t k)
{
	return (count % size + size - 1 - k) % size;
}

/* Time steps are even; non-reclaimable memory moves with usage, headroom against it. */
static void difference(const uint32_t *now, const uint32_t *before, uint32_t *step,
		       uint32_t out[COLUMNS])
{
	uint32_t d[COLUMNS];

	for (uint32_t c = 0; c < COLUMNS; c++)
		d[c] = before[c] - now[c];
	out[0] = zigzag(d[0] - *step);
	out[1] = zigzag(d[1]);
	out[2] = zigzag(d[2] - d[1]);
	out[3] = zigzag(d[3] + d[2]);
	*step = d[0];
}

static void undifference(const uint32_t in[COLUMNS], const uint32_t *before, uint32_t *step,
			 uint32_t *now)
{
	uint32_t d[COLUMNS];

	d[0] = *step += unzigzag(in[0]);
	d[1] = unzigzag(in[1]);
	d[2] = unzigzag(in[2]) + d[1];
	d[3] = unzigzag(in[3]) - d[2];
	for (uint32_t c = 0; c < COLUMNS; c++)
		now[c] = before[c] - d[c];
}

static void encode_ring(const union words *from, union words *to, uint32_t first, uint32_t size,
			uint32_t count)
{
	uint32_t zero[COLUMNS] = {0}, out[COLUMNS], step = 0;
	const uint32_t *before = zero;

	for (uint32_t k = 0; k < size; k++) {
		const uint32_t *now = from->row[first + place(count, size, k)];

		difference(now, before, &step, out);
		for (uint32_t c = 0; c < COLUMNS; c++)
			to->column[c][first + k] = out[c];
		before = now;
	}
}

static void decode_ring(const union words *from, union words *to, uint32_t first, uint32_t size,
			uint32_t count)
{
	uint32_t zero[COLUMNS] = {0}, in[COLUMNS], step = 0;
	const uint32_t *before = zero;

	for (uint32_t k = 0; k < size; k++) {
		uint32_t *now = to->row[first + place(count, size, k)];

		for (uint32_t c = 0; c < COLUMNS; c++)
			in[c] = from->column[c][first + k];
		undifference(in, before, &step, now);
		before = now;
	}
}

typedef void ring_fn(const union words *from, union words *to, uint32_t first, uint32_t size,
		     uint32_t count);

static void each_history(struct hr_slot *slot, uint32_t n, ring_fn *fn)
{
	for (uint32_t i = 0; i < n; i++) {
		struct hr_history *h = &slot[i].history;
		union words from, to;

		memcpy(&from, h->fine, sizeof(from));
		fn(&from, &to, 0, HR_FINE, h->fine_count);
		fn(&from, &to, HR_FINE, HR_COARSE, h->coarse_count);
		memcpy(h->fine, &to, sizeof(to));
	}
}

void delta_encode_slots(struct hr_slot *slot, uint32_t n, unsigned char *scratch)
{
	unsigned char *out = scratch, *at = (void *)slot;

	if (!n)
		return;
	each_history(slot, n, encode_ring);
	for (size_t b = 0; b < FIXED; b++)
		for (uint32_t i = 0; i < n; i++)
			*out++ = ((const unsigned char *)&slot[i])[b];
	for (uint32_t i = 0; i < n; i++, out += HR_SLOT_TEXT)
		memcpy(out, slot[i].text, HR_SLOT_TEXT);
	memcpy(at, scratch, n * sizeof(*slot));
}

void delta_decode_slots(struct hr_slot *slot, uint32_t n, unsigned char *scratch)
{
	const unsigned char *in = scratch;

	if (!n)
		return;
	memcpy(scratch, slot, n * sizeof(*slot));
	for (size_t b = 0; b < FIXED; b++)
		for (uint32_t i = 0; i < n; i++)
			((unsigned char *)&slot[i])[b] = *in++;
	for (uint32_t i = 0; i < n; i++, in += HR_SLOT_TEXT)
		memcpy(slot[i].text, in, HR_SLOT_TEXT);
	each_history(slot, n, decode_ring);
}
