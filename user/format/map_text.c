// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "map_text.h"

#include <headroom/reader.h>

#include <stdint.h>

#include "base/cleanup.h"
#include "base/human_units.h"
#include "base/utf8_clean.h"
#include "phrase.h"

#define PARTS_MOST  4 /* that are named */
#define PERCENT_MIN 3 /* of what is named, but for the largest */

static const char *const kinds[HR_MAP_KINDS] = {
	[HR_MAP_REST] = "the rest",
	[HR_MAP_HEAP] = "brk heap",
	[HR_MAP_GLIBC_ARENA] = "glibc arenas",
	[HR_MAP_GO_HEAP] = "Go heap",
	[HR_MAP_JVM_HEAP] = "JVM heap",
	[HR_MAP_JVM_METASPACE] = "JVM metaspace",
	[HR_MAP_JVM_CODE] = "JVM code",
	[HR_MAP_V8] = "V8 heap",
	[HR_MAP_CPYTHON_ARENA] = "CPython arenas",
	[HR_MAP_STACK] = "thread stacks",
	[HR_MAP_MEMFD] = "memfd",
	[HR_MAP_SHM] = "shared memory",
	[HR_MAP_FILE] = "file",
	[HR_MAP_DEVICE] = "device",
	[HR_MAP_ANON] = "other anonymous memory",
};

static uint64_t size_of(const struct hr_map_region *region)
{
	return region->resident + region->swap;
}

static size_t regions_of(const struct hr_event_memory_map *map)
{
	return map->regions < HR_MAP_REGIONS ? map->regions : HR_MAP_REGIONS;
}

/* "glibc arenas (28)", "memfd frames", "files". */
static void add_region(struct line *line, const struct hr_event_memory_map *map,
		       const struct hr_map_region *region)
{
	const char *name = hr_event_text(&map->event, region->name);
	char clean[256];

	line_add(line, "%s", region->kind < HR_MAP_KINDS ? kinds[region->kind] : "unknown memory");
	if (!name && (region->kind == HR_MAP_FILE || region->kind == HR_MAP_DEVICE))
		line_add(line, "s");
	if (name)
		line_add(line, region->kind == HR_MAP_ANON ? " (%s)" : " %s",
			 text_clean(name, SIZE_MAX, clean, sizeof(clean)));
	if (region->kind == HR_MAP_GLIBC_ARENA || region->kind == HR_MAP_STACK)
		line_add(line, " (%u)", region->mappings);
}

static unsigned int percent(uint64_t part, uint64_t all)
{
	return all ? (unsigned int)((double)part * 100 / (double)all + .5) : 0;
}

void phrase_map_holds(struct line *line, const struct hr_event_memory_map *map)
{
	uint64_t all = map->resident + map->swap;
	size_t n = 0;

	line_add_bytes(line, "", map->resident, "");
	if (map->swap)
		line_add_bytes(line, " and ", map->swap, " in swap");
	for (size_t i = 0; i < regions_of(map) && n < PARTS_MOST; i++) {
		unsigned int share = percent(size_of(&map->region[i]), all);

		if (n && share < PERCENT_MIN)
			continue;
		line_add(line, "%s%u%% ", n++ ? ", " : ": ", share);
		add_region(line, map, &map->region[i]);
	}
}

/* The next region after `before` by growth (NULL: the one that grew most); NULL: no other has grown. */
static const struct hr_map_region *next_grown(const struct hr_event_memory_map *map,
					      const struct hr_map_region *before)
{
	const struct hr_map_region *found = NULL;

	for (size_t i = 0; i < regions_of(map); i++) {
		const struct hr_map_region *r = &map->region[i];

		if (r->growth > 0 &&
		    (!before || r->growth < before->growth ||
		     (r->growth == before->growth && r > before)) &&
		    (!found || r->growth > found->growth))
			found = r;
	}
	return found;
}

static uint64_t all_growth(const struct hr_event_memory_map *map)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < regions_of(map); i++)
		if (map->region[i].growth > 0)
			sum += (uint64_t)map->region[i].growth;
	return sum;
}

void phrase_map_growth(struct line *line, const struct hr_event_memory_map *map)
{
	uint64_t grown = all_growth(map);
	const struct hr_map_region *region = NULL;
	size_t n = 0;

	if (map->growth == HR_UNKNOWN_I64)
		return;
	line_add_bytes(line, map->growth < 0 ? "-" : "+",
		       map->growth < 0 ? 0 - (uint64_t)map->growth : (uint64_t)map->growth, "");
	line_add_ms(line, " in ", map->since_ms, "");
	while (n < PARTS_MOST && (region = next_grown(map, region))) {
		unsigned int share = percent((uint64_t)region->growth, grown);

		if (n && share < PERCENT_MIN)
			break;
		line_add(line, "%s%u%% in ", n++ ? ", " : ": ", share);
		add_region(line, map, region);
	}
}

void phrase_map(struct line *line, const struct hr_event_memory_map *map)
{
	phrase_process(line, map->comm, map->pid);
	line_add(line, " ");
	phrase_map_growth(line, map);
	line_add(line, map->growth == HR_UNKNOWN_I64 ? "holds " : "; holds ");
	phrase_map_holds(line, map);
}
