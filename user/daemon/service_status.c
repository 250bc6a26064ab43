// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "service_status.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sd_notify.h"

#define READ_SOON_MS 100  /* until the first sweep, and while the heartbeat is missing … */
#define READ_MS      2000 /* … and else, unless the watchdog needs it more often */

static struct {
	char board[PATH_MAX];
	pid_t daemon;
	bool ready; /* the manager was informed */
	uint64_t next_ns;
	char refused[200]; /* the error of the last reload; "": it was loaded */
} status;

static void readerp(struct hr_reader **r) { hr_reader_close(*r); }

void service_status_board(const char *path, int bytes, pid_t daemon)
{
	snprintf(status.board, sizeof(status.board), "%.*s", bytes, path);
	status.daemon = daemon;
	status.next_ns = 0;
}

/* The host record, if the daemon that runs now wrote it. -errno: not yet, or no current heartbeat. */
static int read_host(struct hr_host *ret_host)
{
	_cleanup_(readerp) struct hr_reader *reader = NULL;
	struct hr_board_header header;
	struct hr_host host;
	int err = hr_reader_open(status.board, &reader);

	err = err ?: hr_reader_health(reader, NULL) ?: hr_reader_host(reader, &host);
	if (err)
		return err;
	hr_reader_header(reader, &header);
	if (host.pid != (uint32_t)status.daemon)
		return -EAGAIN;
	if (host.sweeps == 1)
		host.containers =
			header.slots_high; /* the host record is written before the cgroups are counted */
	*ret_host = host;
	return 0;
}

static void report(const struct hr_host *host)
{
	const char *mode = hr_mode_name(host->mode);
	char text[320];

	snprintf(text, sizeof(text), "%s; %" PRIu32 " cgroups, %" PRIu32 " with short headroom%s%s",
		 mode ? mode : "?", host->containers, host->danger,
		 *status.refused ? "; configuration refused: " : "", status.refused);
	if (status.ready)
		service_status(text);
	else
		service_ready(text);
	status.ready = true;
	service_alive();
}

int service_status_update(void)
{
	uint64_t now = clock_mono_ns(), pause = READ_SOON_MS;
	uint32_t watchdog = service_watchdog_ms();
	struct hr_host host;

	if (!service_asked() || !*status.board)
		return -1;
	if (now >= status.next_ns) {
		if (!read_host(&host)) {
			report(&host);
			pause = watchdog && watchdog / 4 < READ_MS ? watchdog / 4 : READ_MS;
		}
		status.next_ns = now + pause * NS_PER_MS;
	}
	return (int)((status.next_ns - now) / NS_PER_MS) + 1;
}

void service_status_reloaded(const char *refused)
{
	snprintf(status.refused, sizeof(status.refused), "%s", refused ? refused : "");
	status.next_ns = 0;
	/* Before the first sweep the service is not ready. */
	if (status.ready)
		service_ready(NULL);
}
