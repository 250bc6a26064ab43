// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What the loader's child sends to its parent: a fixed-size report, and descriptors in the order that
 * the report names them. Pure: no descriptor is opened or closed here.
 */
#include <errno.h>
#include <string.h>
#include "loader.h"

#define REPORT_MAGIC 0x524c5248u /* "HRLR" */
#define NOT_THIS     0xffffu

void loader_none(const char *reason_not, struct loaded *ret)
{
	memset(ret, 0, sizeof(*ret));
	memset(ret->map, -1, sizeof(ret->map));
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		memset(ret->signal[i].link, -1, sizeof(ret->signal[i].link));
		ret->signal[i].variant = plan_variants(&plan[i]) - 1;
	}
	strncpy(ret->reason_not, reason_not, sizeof(ret->reason_not) - 1);
}

void loader_report_encode(const struct loaded *loaded, struct loader_report *ret_report,
			  int fds[LOADER_FDS])
{
	struct loader_report report = {.magic = REPORT_MAGIC, .bytes = sizeof(report)};

	for (unsigned int i = 0; i < MAP_HANDED; i++) {
		if (loaded->map[i] < 0)
			continue;
		report.fd[report.n_fds].map = i;
		report.fd[report.n_fds].signal = NOT_THIS;
		fds[report.n_fds++] = loaded->map[i];
	}
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		for (unsigned int k = 0; k < LOADER_LINKS; k++) {
			if (loaded->signal[i].link[k] < 0)
				continue;
			report.fd[report.n_fds].map = NOT_THIS;
			report.fd[report.n_fds].signal = i;
			fds[report.n_fds++] = loaded->signal[i].link[k];
		}
		report.signal[i].variant = loaded->signal[i].variant;
		memcpy(report.signal[i].skipped, loaded->signal[i].skipped, LOADER_REASON);
	}
	memcpy(report.reason_not, loaded->reason_not, LOADER_REASON);
	report.again = loaded->again;
	*ret_report = report;
}

static int take_link(struct loaded_signal *signal, int fd)
{
	for (unsigned int k = 0; k < LOADER_LINKS; k++) {
		if (signal->link[k] >= 0)
			continue;
		signal->link[k] = fd;
		return 0;
	}
	return -EBADMSG;
}

int loader_report_decode(const struct loader_report *report, size_t bytes, const int *fds,
			 size_t n_fds, struct loaded *ret)
{
	struct loaded loaded;

	if (bytes != sizeof(*report) || report->magic != REPORT_MAGIC ||
	    report->bytes != sizeof(*report) || report->n_fds != n_fds || n_fds > LOADER_FDS)
		return -EBADMSG;
	loader_none("", &loaded);
	memcpy(loaded.reason_not, report->reason_not, LOADER_REASON - 1);
	loaded.again = report->again != 0;
	for (size_t i = 0; i < n_fds; i++) {
		if (report->fd[i].map < MAP_HANDED && report->fd[i].signal == NOT_THIS) {
			if (loaded.map[report->fd[i].map] >= 0)
				return -EBADMSG;
			loaded.map[report->fd[i].map] = fds[i];
		} else if (report->fd[i].signal < SIGNAL_COUNT && report->fd[i].map == NOT_THIS) {
			if (take_link(&loaded.signal[report->fd[i].signal], fds[i]))
				return -EBADMSG;
		} else {
			return -EBADMSG;
		}
	}
	for (unsigned int i = 0; i < SIGNAL_COUNT; i++) {
		if (report->signal[i].variant < 0 ||
		    (unsigned int)report->signal[i].variant >= plan_variants(&plan[i]))
			return -EBADMSG;
		loaded.signal[i].variant = report->signal[i].variant;
		memcpy(loaded.signal[i].skipped, report->signal[i].skipped, LOADER_REASON - 1);
	}
	*ret = loaded;
	return 0;
}
