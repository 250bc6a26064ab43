/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What holds the memory of a container, or of the largest process outside containers, that reaches `warn`: a map of its largest
 * process, once, and a second one when the usage has grown, which says what grew. Each is an event. No map is read at `act`, since the
 * read takes the mmap lock of the process, which may have to end then. The worker opens /proc/PID/smaps, the resolver reads it
 * (identify/map_reader.h); here only numbers are compared, and names as bytes. Allocates nothing. Caller: the loop.
 */
#ifndef HEADROOM_DAEMON_MEMORY_MAP_H
#define HEADROOM_DAEMON_MEMORY_MAP_H

#include "containers.h"
#include "sweep_worker.h"

#define MAP_EPISODES 16 /* cgroups at warn that are followed at once */

struct map_episode {
	bool used;
	uint64_t memcg_id; /* 0: the host */
	uint64_t ended_ns; /* monotonic; when the alarm was over; 0: it is not */
	uint8_t maps;      /* how many were read of this process */
	uint8_t reads;     /* how often a map was asked for */
	uint64_t asked_ns; /* of the one under way; 0: none is */
	uint64_t usage;    /* when the first was read */
	uint32_t pid;
	uint64_t start_boottime_ns;
	char comm[16];
	uint64_t read_ns; /* of the first one */
	struct resolve_map first;
	char name[HR_MAP_REGIONS][RESOLVE_MAP_NAME_MOST + 1]; /* of its regions */
};

struct memory_maps {
	struct board *board;
	struct containers *containers;
	struct resolver_client *resolver;
	struct map_episode episode[MAP_EPISODES];
	uint32_t pending; /* index + 1 of the one that the worker's job is for; 0 */
};

void memory_maps_init(struct memory_maps *maps, struct board *board, struct containers *containers,
		      struct resolver_client *resolver);
/* The alarm of a cgroup (slot TRACK_NONE: of the host) has changed. `maps` NULL: none are read (tests of samples alone). */
void memory_maps_alarm(struct memory_maps *maps, uint32_t slot, enum hr_alarm alarm,
		       uint64_t now_ns);
/* Asks for the next map, where one is due. True: the job has work. */
bool memory_maps_ask(struct memory_maps *maps, struct worker_job *job, uint64_t now_ns);
/* The worker has opened it. */
void memory_maps_take(struct memory_maps *maps, struct worker_job *job, uint64_t now_ns);
/* The resolver has read it. */
void memory_maps_answer(struct memory_maps *maps, const struct resolve_answer *answer,
			uint64_t now_ns);

#endif
