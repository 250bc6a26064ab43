// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "stamps.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "board_internal.h"

#define STEP_LEAST_NS (50 * NS_PER_MS)
#define CLOSE_NS      NS_PER_MS /* two clocks read within this time: the same moment */

void stamps_boot_id(char ret_id[HR_BOOT_ID])
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	memset(ret_id, 0, HR_BOOT_ID);
	n = fd < 0 ? -1 : read(fd, ret_id, HR_BOOT_ID - 1);
	if (n <= 0)
		memset(ret_id, 0, HR_BOOT_ID);
}

/* Both clocks at one moment, as far as the scheduler allows. */
static void read_clocks(uint64_t *ret_wall_ns, uint64_t *ret_boot_ns)
{
	uint64_t before, after;

	for (int i = 0; i < 4; i++) {
		before = clock_boot_ns();
		*ret_wall_ns = clock_wall_ns();
		after = clock_boot_ns();
		*ret_boot_ns = before + (after - before) / 2;
		if (after - before < CLOSE_NS)
			return;
	}
}

void stamps_begin(struct hr_board_header *header)
{
	read_clocks(&header->created_ns, &header->created_boot_ns);
	header->clock_step_ns = 0;
	stamps_boot_id(header->boot_id);
}

int64_t stamps_step(const struct hr_board_header *header, uint64_t wall_ns, uint64_t boot_ns)
{
	int64_t step = (int64_t)(wall_ns - boot_ns - header->created_ns + header->created_boot_ns);
	int64_t change = step - header->clock_step_ns;

	if (!header->created_boot_ns ||
	    (change < (int64_t)STEP_LEAST_NS && change > -(int64_t)STEP_LEAST_NS))
		return header->clock_step_ns;
	return step < (int64_t)STEP_LEAST_NS && step > -(int64_t)STEP_LEAST_NS ? 0 : step;
}

uint64_t board_stamp_boot_ns(const struct board *board, uint64_t boot_ns)
{
	return board->header->created_ns + (boot_ns - board->header->created_boot_ns);
}

uint64_t board_now_ns(const struct board *board)
{
	return board->header->created_boot_ns ? board_stamp_boot_ns(board, clock_boot_ns())
					      : clock_wall_ns();
}

uint64_t board_stamp_mono_ns(const struct board *board, uint64_t mono_ns)
{
	return board_now_ns(board) - (clock_mono_ns() - mono_ns);
}

void board_clock_check(struct board *board)
{
	uint64_t wall, boot;

	read_clocks(&wall, &boot);
	__atomic_store_n(&board->header->clock_step_ns, stamps_step(board->header, wall, boot),
			 __ATOMIC_RELEASE);
}

/* ---- moving ---- */

static void move(uint64_t *ns, int64_t step_ns)
{
	if (*ns == HR_UNKNOWN)
		return;
	*ns += (uint64_t)step_ns;
	if ((int64_t)*ns < 0)
		*ns = 0;
}

/* 0 means "not yet" */
static void move_set(uint64_t *ns, int64_t step_ns)
{
	if (*ns)
		move(ns, step_ns);
}

void stamps_move_header(struct hr_board_header *header, int64_t step_ns)
{
	header->clock_step_ns = 0;
	header->created_ns += (uint64_t)step_ns;
}

void stamps_move_host(struct hr_host *host, int64_t step_ns)
{
	move_set(&host->sampled_ns, step_ns);
	move_set(&host->started_ns, step_ns);
	move_set(&host->paused_until_ns, step_ns);
	for (int i = 0; i < HR_DEGRADED; i++)
		move_set(&host->degraded[i].since_ns, step_ns);
}

void stamps_move_slot(struct hr_slot *slot, int64_t step_ns)
{
	move_set(&slot->appeared_ns, step_ns);
	move_set(&slot->gone_ns, step_ns);
	move_set(&slot->sampled_ns, step_ns);
	move_set(&slot->started_ns, step_ns);
}

void stamps_move_event(struct hr_event *event, int64_t step_ns)
{
	struct hr_event_oom_kill *oom = (void *)event;

	move(&event->time_ns, step_ns);
	if (event->type != HR_EVENT_OOM_KILL || event->bytes < sizeof(*oom))
		return;
	move_set(&oom->trigger.started_ns, step_ns);
	move_set(&oom->victim.started_ns, step_ns);
	oom->created_ns += (uint64_t)step_ns;
}
