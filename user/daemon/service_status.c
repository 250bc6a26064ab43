// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A reader of the board like any other, and what it reads told to the service manager. Takes no decision. */
#include "service_status.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sd_notify.h"

#define LOOK_SOON_MS 100 /* until the first sweep is there, and while there is no sign of life … */
#define LOOK_MS      2000 /* … and in peace, unless the watchdog wants to hear more often */

static struct {
	char board[PATH_MAX];
	pid_t daemon;
	bool ready; /* the manager knows */
	uint64_t next_ns;
	char refused[200]; /* what the last reload said, "" where it was taken */
} notify;

static void readerp(struct hr_reader **r) { hr_reader_close(*r); }

void notify_board(const char *path, int bytes, pid_t daemon)
{
	snprintf(notify.board, sizeof(notify.board), "%.*s", bytes, path);
	notify.daemon = daemon;
	notify.next_ns = 0;
}

/* 0, and the host as the guard that runs now has written it; else it is not there yet, or not alive. */
static int look(struct hr_host *ret_host)
{
	_cleanup_(readerp) struct hr_reader *reader = NULL;
	struct hr_board_header header;
	struct hr_host host;
	int err = hr_reader_open(notify.board, &reader);

	err = err ?: hr_reader_health(reader, NULL) ?: hr_reader_host(reader, &host);
	if (err)
		return err;
	hr_reader_header(reader, &header);
	if (host.pid != (uint32_t)notify.daemon || !host.sweeps ||
	    (host.sweeps == 1 && !header.slots_high))
		return -EAGAIN;
	if (host.sweeps == 1)
		host.containers =
			header.slots_high; /* the host is written before its groups are counted */
	*ret_host = host;
	return 0;
}

static void describe(const struct hr_host *host)
{
	const char *mode = hr_mode_name(host->mode);
	char text[320];

	snprintf(text, sizeof(text),
		 "%s; %" PRIu32 " groups watched, %" PRIu32 " of them closely%s%s",
		 mode ? mode : "?", host->containers, host->danger,
		 *notify.refused ? "; configuration refused: " : "", notify.refused);
	if (notify.ready)
		service_status(text);
	else
		service_ready(text);
	notify.ready = true;
	service_alive();
}

int notify_look(void)
{
	uint64_t now = clock_mono_ns(), pause = LOOK_SOON_MS;
	uint32_t watchdog = service_watchdog_ms();
	struct hr_host host;

	if (!service_asked() || !*notify.board)
		return -1;
	if (now >= notify.next_ns) {
		if (!look(&host)) {
			describe(&host);
			pause = watchdog && watchdog / 4 < LOOK_MS ? watchdog / 4 : LOOK_MS;
		}
		notify.next_ns = now + pause * NS_PER_MS;
	}
	return (int)((notify.next_ns - now) / NS_PER_MS) + 1;
}

void notify_reloaded(const char *refused)
{
	snprintf(notify.refused, sizeof(notify.refused), "%s", refused ? refused : "");
	notify.next_ns = 0;
	/* Whose guard is not up yet is not ready either; then the first sweep says so. */
	if (notify.ready)
		service_ready(NULL);
}
