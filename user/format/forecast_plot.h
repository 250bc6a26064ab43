/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is plotted of a container, of the host, of an OOM kill: points and forecast to a struct plot.
 * Pure. */
#ifndef HEADROOM_FORMAT_FORECAST_PLOT_H
#define HEADROOM_FORMAT_FORECAST_PLOT_H

#include <headroom/event.h>
#include "plot.h"

/* Each fills `point` (as many as `n`) from what was, oldest first, and *ret_plot, which then points
 * there. */
void forecast_plot_slot(const struct hr_slot *slot, const struct hr_point *was, size_t n,
			struct plot_point *point, struct plot *ret_plot);
void forecast_plot_host(const struct hr_host *host, const struct hr_point *was, size_t n,
			struct plot_point *point, struct plot *ret_plot);
/* What the event itself remembers: `point` takes HR_OOM_HISTORY. -ENODATA: it is no OOM kill. */
int forecast_plot_kill(const struct hr_event *event, struct plot_point *point,
		       struct plot *ret_plot);

#endif
