/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * /proc/PID/smaps (fs/proc/task_mmu.c, show_smap()) → what the memory is for, by kind. The text has names that the process chose. A
 * kind is found by name where the mapping has one, else by shape: where it begins, how long it is, what lies beside it, and which
 * programs and libraries are mapped. So a kind is a likely answer, and never one of a mapping that has another name.
 *
 *   glibc arena     anonymous memory from a multiple of 64 MiB, up to the next with the inaccessible rest behind it (HEAP_MAX_SIZE,
 *                   malloc/arena.c)
 *   Go heap         from 0xc000000000 on (runtime/malloc.go, arenaBaseOffset), or "[anon: Go: heap]" (1.25)
 *   JVM             libjvm.so is mapped: heap below 32 GiB (compressed oops), code is writable and executable, metaspace is
 *                   committed by 64 KiB in reserved memory
 *   V8              node, libnode.so or the like is mapped: pages from a multiple of 256 KiB
 *   CPython arenas  python or libpython is mapped: multiples of 256 KiB (3.10: of 1 MiB) by length
 *   thread stack    behind a guard of less than 64 KiB, or "[stack]"
 *
 * Pure. Caller: the map reader (map_reader.c).
 */
#ifndef HEADROOM_IDENTIFY_SMAPS_H
#define HEADROOM_IDENTIFY_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/event.h>

#define SMAPS_MAPPINGS 65536 /* more count in HR_MAP_REST; vm.max_map_count is 65,530 by default */
#define SMAPS_NAMES    1024  /* the first ones; others count with their kind */
#define SMAPS_NAME     64    /* a longer name keeps its end */
#define SMAPS_LINE     4352  /* PATH_MAX and the fields before the name */

struct smaps_region {
	enum hr_map_kind kind;
	uint32_t mappings;
	uint64_t resident, swap; /* bytes */
	const char *name;        /* any bytes but NUL; "": none; in struct smaps */
};

struct smaps_mapping {
	uint64_t start, end;
	uint32_t resident_kib, swap_kib;
	uint16_t name; /* index; 0: none */
	uint8_t kind;  /* enum hr_map_kind, by its name; HR_MAP_ANON: by its shape */
	bool readable : 1, writable : 1, executable : 1, anonymous : 1;
};

struct smaps {
	struct smaps_mapping mapping[SMAPS_MAPPINGS];
	char name[SMAPS_NAMES][SMAPS_NAME];
	uint8_t name_kind[SMAPS_NAMES];
	struct smaps_region by_name[SMAPS_NAMES], by_kind[HR_MAP_KINDS];
	size_t n, names;
	uint64_t beyond; /* mappings without room */
	uint64_t go_end; /* end of the Go heap that begins at its usual address; 0 */
	bool jvm, v8, python;
	const char *allocator; /* "jemalloc" or the like; NULL */
	char line[SMAPS_LINE];
	size_t line_used;
	bool in_mapping; /* a header was seen; its sizes may follow */
};

void smaps_begin(struct smaps *smaps);
/* The next bytes of the file, cut anywhere. */
void smaps_add(struct smaps *smaps, const char *bytes, size_t n);
/* The regions, the largest first, at most HR_MAP_REGIONS; the last may be HR_MAP_REST. ret_total: of all. Returns how many. */
size_t smaps_end(struct smaps *smaps, struct smaps_region ret[HR_MAP_REGIONS],
		 struct smaps_region *ret_total);

#endif
