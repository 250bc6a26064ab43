// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "service_status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <headroom/reader.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sd_notify.h"
#include "enforce/proc.h"

#define READ_SOON_MS 100  /* until the first sweep, and while the heartbeat is missing … */
#define READ_MS      2000 /* … and else, unless the watchdog needs it more often */
#define SILENT_MS    1000 /* without a manager, while the heartbeat is missing */
/* After the 3 s that make a heartbeat old: together WatchdogSec= of the unit. */
#define SILENT_NS (7 * NS_PER_SEC)

static struct {
	char board[PATH_MAX];
	pid_t daemon;
	bool ready; /* the manager was informed */
	uint64_t next_ns, read_ns;
	uint64_t silent_ns; /* how long this daemon's heartbeat has been missing */
	char refused[200];  /* the error of the last reload; "": it was loaded */
} status;

static void readerp(struct hr_reader **r) { hr_reader_close(*r); }

void service_status_board(const char *path, int bytes, pid_t daemon)
{
	snprintf(status.board, sizeof(status.board), "%.*s", bytes, path);
	status.daemon = daemon;
	status.next_ns = status.silent_ns = 0;
}

/* The host record, if the daemon that runs now wrote it. -ESTALE: it did, and its heartbeat is old; another -errno: not yet. */
static int read_host(struct hr_host *ret_host)
{
	_cleanup_(readerp) struct hr_reader *reader = NULL;
	struct hr_board_header header;
	struct hr_host host;
	int err = hr_reader_open(status.board, &reader) ?: hr_reader_host(reader, &host);

	if (err)
		return err;
	hr_reader_header(reader, &header);
	if (host.pid != (uint32_t)status.daemon)
		return -EAGAIN;
	err = hr_reader_health(reader, NULL);
	if (err)
		return err;
	if (host.sweeps == 1)
		host.containers =
			header.slots_high; /* the host record is written before the cgroups are counted */
	*ret_host = host;
	return 0;
}

static bool debugged(pid_t pid)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_stat stat;

	return proc_fd >= 0 && !proc_stat(proc_fd, (uint32_t)pid, &stat) && stat.state == 't';
}

/* Between two readings at most the pause between them counts: the supervisor may not have run, or the host not at all. */
static void count_silence(int error, uint64_t now)
{
	uint64_t since = now - status.read_ns;

	if (error != -ESTALE || debugged(status.daemon))
		status.silent_ns = 0;
	else
		status.silent_ns += since < SILENT_MS * NS_PER_MS ? since : SILENT_MS * NS_PER_MS;
	status.read_ns = now;
}

static void report(const struct hr_host *host)
{
	const char *mode = hr_mode_name(host->mode);
	char text[320];

	if (!service_asked())
		return;
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
	uint64_t now = clock_mono_ns(), pause = service_asked() ? READ_SOON_MS : SILENT_MS;
	uint32_t watchdog = service_watchdog_ms();
	struct hr_host host;
	int err;

	if (!*status.board)
		return -1;
	if (now >= status.next_ns) {
		err = read_host(&host);
		count_silence(err, now);
		if (!err) {
			report(&host);
			pause = watchdog && watchdog / 4 < READ_MS ? watchdog / 4 : READ_MS;
		}
		status.next_ns = now + pause * NS_PER_MS;
	}
	return (int)((status.next_ns - now) / NS_PER_MS) + 1;
}

bool service_status_silent(pid_t daemon)
{
	return daemon == status.daemon && status.silent_ns >= SILENT_NS;
}

void service_status_reloaded(const char *refused)
{
	snprintf(status.refused, sizeof(status.refused), "%s", refused ? refused : "");
	status.next_ns = 0;
	/* Before the first sweep the service is not ready. */
	if (status.ready)
		service_ready(NULL);
}
