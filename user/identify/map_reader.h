/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The process of the resolver that reads memory maps (RESOLVE_MAP). The read waits for the mmap lock of the process in question
 * (fs/proc/task_mmu.c, m_start()), which a process short of memory may hold for long: so each map is read by a child that has a
 * deadline and ends with its answer, and nothing else waits for it.
 */
#ifndef HEADROOM_IDENTIFY_MAP_READER_H
#define HEADROOM_IDENTIFY_MAP_READER_H

/* Answers questions with a descriptor until the other side closes. The caller has given up its rights (confine_map_reader()). 0 or
 * -errno. */
int map_reader_run(int socket);

#endif
