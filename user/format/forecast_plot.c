// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The points and the limit of a plot. Points of unknown value are left out. */
#include "forecast_plot.h"

#include <errno.h>
#include <math.h>

#include "history.h"
#include "snapshot.h"

static double seconds(uint64_t ms) { return ms == HR_UNKNOWN ? NAN : (double)ms / 1e3; }

/* Use of the limit that is reached first, its other users included; without one, the container's own non-reclaimable
 * memory. NAN: unknown. */
static double plotted(const struct hr_point *point, double limit)
{
	uint64_t headroom = history_bytes(point->headroom_kib);
	uint64_t own = history_bytes(point->unreclaimable_kib);

	if (isfinite(limit))
		return headroom == HR_UNKNOWN ? NAN : fmax(0, limit - (double)headroom);
	if (own == HR_UNKNOWN)
		own = history_bytes(point->usage_kib);
	return own == HR_UNKNOWN ? NAN : (double)own;
}

static void fill(struct plot *plot, const struct hr_point *past, size_t n, struct plot_point *point)
{
	plot->point = point;
	plot->n = 0;
	for (size_t i = 0; i < n; i++) {
		double bytes = plotted(&past[i], plot->limit);

		if (isnan(bytes) ||
		    (plot->n && past[i].t_centis / 100.0 < point[plot->n - 1].t_seconds))
			continue;
		point[plot->n++] = (struct plot_point){past[i].t_centis / 100.0, bytes};
	}
}

static struct plot of_forecast(const struct hr_forecast *o, const char *now)
{
	return (struct plot){.limit = NAN,
			     .p10 = seconds(o->oom_in_p10_ms),
			     .p50 = seconds(o->oom_in_p50_ms),
			     .p90 = seconds(o->oom_in_p90_ms),
			     .now = now};
}

/* The host's memory dwarfs most containers: it is the plot's limit only where the forecast reaches it. */
void forecast_plot_slot(const struct hr_slot *slot, const struct hr_point *past, size_t n,
			struct plot_point *point, struct plot *ret_plot)
{
	const struct hr_forecast *o = &slot->forecast;
	bool host = slot->binding.level == HR_LEVEL_HOST && o->oom_in_p50_ms == HR_UNKNOWN;

	*ret_plot = of_forecast(o, slot_gone(slot) ? "gone" : "now");
	if (!slot_gone(slot) && !host && slot->binding.limit != HR_UNKNOWN)
		ret_plot->limit = (double)slot->binding.limit;
	fill(ret_plot, past, n, point);
}

void forecast_plot_host(const struct hr_host *host, const struct hr_point *past, size_t n,
			struct plot_point *point, struct plot *ret_plot)
{
	*ret_plot = of_forecast(&host->forecast, "now");
	if (host->mem_total != HR_UNKNOWN)
		ret_plot->limit = (double)hr_host_capacity(host);
	fill(ret_plot, past, n, point);
}

int forecast_plot_kill(const struct hr_event *event, struct plot_point *point,
		       struct plot *ret_plot)
{
	const struct hr_event_oom_kill *oom = (const void *)event;
	struct plot plot = {.limit = NAN, .p10 = NAN, .p50 = NAN, .p90 = NAN, .now = "killed"};
	size_t n;

	if (event->type != HR_EVENT_OOM_KILL || event->bytes < sizeof(*oom))
		return -ENODATA;
	n = oom->history_count < HR_OOM_HISTORY ? oom->history_count : HR_OOM_HISTORY;
	if (oom->level != HR_LEVEL_HOST && oom->limit_max != HR_UNKNOWN)
		plot.limit = (double)oom->limit_max;
	fill(&plot, oom->history, n, point);
	*ret_plot = plot;
	return 0;
}
