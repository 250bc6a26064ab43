// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "kill_count.h"

#include <headroom/board.h>

/* From the kill of the chosen process to the count of the group; a virtual CPU that kills may be away for longer than one reading. */
#define WAITS 5
#define GROUP_READINGS \
	20 /* while the kernel walks through a group: 2 s at the shortest interval, NEWBORNS_NS */

static uint64_t rise(uint64_t now, uint64_t before)
{
	return now != HR_UNKNOWN && now > before ? now - before : 0;
}

uint64_t kill_count_update(struct kill_count *count, const struct kill_reading *now)
{
	uint64_t kills = rise(now->kills, count->kills), groups = rise(now->groups, count->groups);
	/* The cgroup above may have been read earlier, and its group may reach this one late. */
	bool rose = now->groups_above > count->above, above = rose || count->above_rose;
	bool known = now->groups != HR_UNKNOWN;
	bool flag = now->group || now->group_above;
	uint64_t incidents;

	count->above = now->groups_above;
	if (!kills) {
		count->waits = 0;
		count->above_rose = rose                ? GROUP_READINGS
				    : count->above_rose ? count->above_rose - 1
							: 0;
		/* Without oom_group_kill the next one could not be distinguished from this one. */
		count->group = known && count->group ? count->group - 1 : 0;
		return 0;
	}
	if (groups || above)
		incidents = groups ? groups : 1;
	else if (count->group)
		incidents = 0; /* read while the kernel was still killing */
	else if (!known && flag)
		incidents =
			1; /* or several of single processes below such a cgroup: the records of the kernel tell */
	else if (flag && count->waits != 1) {
		count->waits = count->waits ? count->waits - 1 : WAITS;
		return 0;
	} else {
		incidents = now->group ? 1 : kills;
	}
	if (groups || above || (!known && flag))
		count->group = GROUP_READINGS;
	count->waits = 0;
	count->kills = now->kills;
	count->groups = known ? now->groups : 0;
	count->above_rose = 0;
	count->incidents += incidents;
	return incidents;
}

uint64_t kill_count_late(struct kill_count *count, uint64_t kills, uint64_t groups, bool group)
{
	uint64_t incidents = kills;

	if (groups != HR_UNKNOWN && groups)
		incidents = groups < kills ? groups : kills;
	else if (groups == HR_UNKNOWN && group && kills)
		incidents = 1;
	count->incidents += incidents;
	return incidents;
}
