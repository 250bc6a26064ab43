/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The plot of a container, the host or an OOM kill: history points and forecast. Pure. */
#ifndef HEADROOM_FORMAT_FORECAST_PLOT_H
#define HEADROOM_FORMAT_FORECAST_PLOT_H

#include <headroom/event.h>
#include "plot.h"

/* Each fills `point` (as many as `n`) from `past`, oldest first, and *ret_plot, which then points there. */
void forecast_plot_slot(const struct hr_slot *slot, const struct hr_point *past, size_t n,
			struct plot_point *point, struct plot *ret_plot);
void forecast_plot_host(const struct hr_host *host, const struct hr_point *past, size_t n,
			struct plot_point *point, struct plot *ret_plot);
/* From the history in the event: `point` holds HR_OOM_HISTORY. -ENODATA: not an OOM kill. */
int forecast_plot_kill(const struct hr_event *event, struct plot_point *point,
		       struct plot *ret_plot);

#endif
