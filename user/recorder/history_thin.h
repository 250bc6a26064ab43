/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Makes the history of a slot cheap to store: while its container is calm (no alarm, risk below 20), points that are within a 1,024th of
 * its limit (where a limit above or the host binds: of its usage) of a later point get that point's figures. Times, the newest point and
 * the figures outside the history stay exact. Pure.
 */
#ifndef HEADROOM_RECORDER_HISTORY_THIN_H
#define HEADROOM_RECORDER_HISTORY_THIN_H

#include <headroom/board.h>

void history_thin(struct hr_slot *slot);

#endif
