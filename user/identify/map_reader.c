// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "map_reader.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd_message.h"
#include "answer.h"
#include "sandbox.h"
#include "smaps.h"

#define MAP_SECONDS 2
#define MAP_BYTES   (64u << 20) /* 65,536 mappings take 45 MiB */

/* 0 or -errno. A file of a process that has ended is empty. */
static int read_map(int fd, struct smaps *smaps)
{
	static char bytes[65536];
	size_t all = 0;
	ssize_t n;

	smaps_begin(smaps);
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			smaps_add(smaps, bytes, (size_t)n);
		all += n > 0 ? (size_t)n : 0;
		if (all > MAP_BYTES)
			break;
	}
	return all ? 0 : -ESRCH;
}

static void fill(struct smaps *smaps, struct resolve_answer *answer)
{
	struct smaps_region region[HR_MAP_REGIONS], total;
	struct resolve_map *map = &answer->map;

	map->regions = (uint32_t)smaps_end(smaps, region, &total);
	map->mappings = total.mappings;
	map->resident = total.resident;
	map->swap = total.swap;
	for (uint32_t i = 0; i < map->regions; i++)
		map->region[i] = (struct resolve_region){
			.kind = (uint8_t)region[i].kind,
			.name = resolve_name(answer, region[i].name),
			.mappings = region[i].mappings,
			.resident = region[i].resident,
			.swap = region[i].swap,
		};
}

static _Noreturn void be_child(int socket, int fd, const struct resolve_question *question)
{
	static struct smaps smaps;
	struct resolve_answer answer;
	uint64_t begun = clock_mono_ns();

	alarm(MAP_SECONDS); /* its default action ends a wait that only a fatal signal can end */
	if (confine_map_child() < 0)
		_exit(1);
	resolve_answer_begin(question, &answer);
	answer.error = read_map(fd, &smaps);
	if (!answer.error)
		fill(&smaps, &answer);
	answer.map.took_ns = clock_mono_ns() - begun;
	_exit(send(socket, &answer, sizeof(answer), MSG_NOSIGNAL) < 0);
}

static int answer_one(int socket, int fd, const struct resolve_question *question)
{
	struct resolve_answer answer;
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		be_child(socket, fd, question);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (child > 0 && status == 0)
		return 0;
	resolve_answer_begin(question, &answer);
	answer.error = child < 0 ? -EAGAIN : WIFSIGNALED(status) ? -ETIMEDOUT : -EIO;
	return send(socket, &answer, sizeof(answer), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int map_reader_run(int socket)
{
	for (;;) {
		struct resolve_question question;
		_cleanup_close_ int fd = -1;
		ssize_t n = fd_message_receive(socket, &question, sizeof(question), 0, &fd);
		int r;

		if (n <= 0)
			return (int)n;
		if (n != sizeof(question) || fd < 0)
			return -EPROTO;
		r = answer_one(socket, fd, &question);
		if (r < 0)
			return r;
	}
}
