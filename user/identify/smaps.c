// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Two passes: all mappings into a table, then the kind of each, which may depend on those around it and on later ones. */
#include "smaps.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define KIB         1024ull
#define MIB         (1024 * KIB)
#define ARENA       (64 * MIB)
#define GO_BASE     0xc000000000ull
#define JVM_LOW     (32ull << 30)
#define JVM_COMMIT  (64 * KIB)
#define V8_PAGE     (256 * KIB)
#define PYTHON_UNIT (256 * KIB)
#define GUARD_MOST  (64 * KIB)
#define NAMED_MOST  3 /* names of one kind that have an entry of their own */

void smaps_begin(struct smaps *smaps)
{
	/* Without the tables: they are filled up to their counts. */
	smaps->n = 0;
	smaps->names = 1;
	smaps->name[0][0] = '\0';
	smaps->beyond = smaps->go_end = 0;
	smaps->jvm = smaps->v8 = smaps->python = smaps->in_mapping = false;
	smaps->allocator = NULL;
	smaps->line_used = 0;
	memset(smaps->by_kind, 0, sizeof(smaps->by_kind));
}

/* ---- names ---- */

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Kinds by the beginning of a name; [anon:NAME] since 5.17 (PR_SET_VMA_ANON_NAME). */
static const struct {
	const char *begin;
	enum hr_map_kind kind;
	bool nameless;
} by_begin[] = {
	{"[heap]", HR_MAP_HEAP, true},
	{"[stack", HR_MAP_STACK, true},
	{"[anon: glibc: malloc arena", HR_MAP_GLIBC_ARENA, true},
	{"[anon: glibc: pthread stack", HR_MAP_STACK, true},
	{"[anon: glibc: malloc", HR_MAP_ANON, true},
	{"[anon: Go: heap", HR_MAP_GO_HEAP, true},
	{"[anon:cpython:", HR_MAP_CPYTHON_ARENA, true},
	{"[anon:v8", HR_MAP_V8, true},
	{"[anon:", HR_MAP_ANON, false},
	{"[anon_shmem:", HR_MAP_SHM, false},
	{"[", HR_MAP_REST, true},
	{"/memfd:", HR_MAP_MEMFD, false},
	{"/SYSV", HR_MAP_SHM, false},
	{"/dev/shm/", HR_MAP_SHM, false},
	{"/dev/zero", HR_MAP_SHM, true},
	{"/dev/hugepages/", HR_MAP_FILE, false},
	{"/dev/", HR_MAP_DEVICE, false},
	{"anon_inode:", HR_MAP_DEVICE, false},
	{"socket:", HR_MAP_DEVICE, false},
	{"", HR_MAP_FILE, false},
};

static void note_program(struct smaps *smaps, const char *path)
{
	const char *file = strrchr(path, '/');

	file = file ? file + 1 : path;
	if (begins(file, "libjvm.so"))
		smaps->jvm = true;
	else if (!strcmp(file, "node") || !strcmp(file, "nodejs") || begins(file, "libnode.so") ||
		 begins(file, "libv8") || !strcmp(file, "electron") || !strcmp(file, "chrome") ||
		 !strcmp(file, "deno"))
		smaps->v8 = true;
	else if (begins(file, "python") || begins(file, "libpython"))
		smaps->python = true;
	else if (begins(file, "libjemalloc.so"))
		smaps->allocator = "jemalloc";
	else if (begins(file, "libtcmalloc"))
		smaps->allocator = "tcmalloc";
	else if (begins(file, "libmimalloc"))
		smaps->allocator = "mimalloc";
}

static uint16_t intern(struct smaps *smaps, const char *name, enum hr_map_kind kind)
{
	size_t n = strlen(name);

	if (n >= SMAPS_NAME)
		name += n - (SMAPS_NAME - 1);
	if (!*name)
		return 0;
	/* The mappings of a file lie one behind the other. */
	for (size_t i = smaps->names; i-- > 1;)
		if (smaps->name_kind[i] == kind && !strcmp(smaps->name[i], name))
			return (uint16_t)i;
	if (smaps->names == SMAPS_NAMES)
		return 0;
	strcpy(smaps->name[smaps->names], name);
	smaps->name_kind[smaps->names] = (uint8_t)kind;
	return (uint16_t)smaps->names++;
}

static void set_name(struct smaps *smaps, struct smaps_mapping *mapping, char *name)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(name), i = 0;

	while (!begins(name, by_begin[i].begin))
		i++;
	mapping->kind = (uint8_t)by_begin[i].kind;
	if (n > sizeof(deleted) - 1 && !strcmp(name + n - (sizeof(deleted) - 1), deleted))
		name[n - (sizeof(deleted) - 1)] = '\0';
	if (mapping->kind == HR_MAP_FILE)
		note_program(smaps, name);
	if (by_begin[i].nameless)
		return;
	if (*name == '[') { /* "[anon:NAME]": NAME */
		name = strchr(name, ':') + 1;
		n = strlen(name);
		if (n && name[n - 1] == ']')
			name[n - 1] = '\0';
	} else if (mapping->kind == HR_MAP_MEMFD) {
		name += strlen("/memfd:");
	}
	mapping->name = intern(smaps, name, (enum hr_map_kind)mapping->kind);
}

/* ---- lines ---- */

static bool hex(const char **at, uint64_t *ret, char end)
{
	char *stop;

	if (!**at || !strchr("0123456789abcdef", **at))
		return false;
	*ret = strtoull(*at, &stop, 16);
	*at = stop + 1;
	return *stop == end;
}

/* "START-END PERMS OFFSET MAJOR:MINOR INODE    NAME" */
static void add_header(struct smaps *smaps, char *line)
{
	struct smaps_mapping *mapping = &smaps->mapping[smaps->n], found = {0};
	const char *at = line;
	char *name;

	if (!hex(&at, &found.start, '-') || !hex(&at, &found.end, ' ') || strlen(at) < 5 ||
	    at[4] != ' ' || found.end < found.start)
		return;
	found.readable = at[0] == 'r';
	found.writable = at[1] == 'w';
	found.executable = at[2] == 'x';
	found.kind = HR_MAP_ANON;
	name = (char *)at + 4;
	for (int field = 0; field < 3; field++) {
		name += strspn(name, " ");
		name += strcspn(name, " ");
	}
	name += strspn(name, " ");
	smaps->in_mapping = smaps->n < SMAPS_MAPPINGS;
	if (!smaps->in_mapping) {
		smaps->beyond++;
		return;
	}
	found.anonymous = !*name;
	if (*name)
		set_name(smaps, &found, name);
	*mapping = found;
	smaps->n++;
}

static uint32_t kib(const char *text)
{
	unsigned long long value = strtoull(text, NULL, 10);

	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void add_line(struct smaps *smaps, char *line)
{
	bool rss = begins(line, "Rss:"), swap = begins(line, "Swap:");

	if (!rss && !swap) {
		add_header(smaps, line);
	} else if (smaps->in_mapping) {
		struct smaps_mapping *mapping = &smaps->mapping[smaps->n - 1];

		if (rss)
			mapping->resident_kib = kib(line + strlen("Rss:"));
		else
			mapping->swap_kib = kib(line + strlen("Swap:"));
	} else if (smaps->beyond) {
		struct smaps_region *rest = &smaps->by_kind[HR_MAP_REST];

		*(rss ? &rest->resident : &rest->swap) += kib(strchr(line, ':') + 1) * KIB;
	}
}

void smaps_add(struct smaps *smaps, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n') {
			/* What does not fit is no line of the kernel's: it is cut. */
			if (smaps->line_used < SMAPS_LINE - 1)
				smaps->line[smaps->line_used++] = bytes[i];
			continue;
		}
		smaps->line[smaps->line_used] = '\0';
		smaps->line_used = 0;
		add_line(smaps, smaps->line);
	}
}

/* ---- kinds ---- */

static uint64_t length(const struct smaps_mapping *mapping)
{
	return mapping->end - mapping->start;
}

static bool is_reserved(const struct smaps_mapping *mapping)
{
	return mapping->anonymous && !mapping->readable && !mapping->writable &&
	       !mapping->executable;
}

/* The reserved memory that begins where mapping i ends; NULL. */
static const struct smaps_mapping *reserved_behind(const struct smaps *smaps, size_t i)
{
	const struct smaps_mapping *next = &smaps->mapping[i + 1];

	return i + 1 < smaps->n && next->start == smaps->mapping[i].end && is_reserved(next) ? next
											     : NULL;
}

static bool has_guard(const struct smaps *smaps, size_t i)
{
	const struct smaps_mapping *before = i ? &smaps->mapping[i - 1] : NULL;

	return before && before->end == smaps->mapping[i].start && is_reserved(before) &&
	       length(before) < GUARD_MOST;
}

/* The heaps of neighbouring arenas that are full are one mapping. */
static bool is_arena(const struct smaps *smaps, size_t i)
{
	const struct smaps_mapping *mapping = &smaps->mapping[i], *rest = reserved_behind(smaps, i);

	return mapping->start % ARENA == 0 && rest && rest->end % ARENA == 0 &&
	       length(rest) < ARENA;
}

static enum hr_map_kind kind_by_shape(const struct smaps *smaps, size_t i)
{
	const struct smaps_mapping *mapping = &smaps->mapping[i];

	if (smaps->jvm && mapping->start < JVM_LOW)
		return HR_MAP_JVM_HEAP;
	if (smaps->jvm && mapping->writable && mapping->executable)
		return HR_MAP_JVM_CODE;
	if (smaps->go_end && mapping->start >= GO_BASE && mapping->end <= smaps->go_end)
		return HR_MAP_GO_HEAP;
	if (!mapping->writable)
		return smaps->v8 && mapping->executable ? HR_MAP_V8 : HR_MAP_ANON;
	if (is_arena(smaps, i))
		return HR_MAP_GLIBC_ARENA;
	if (has_guard(smaps, i))
		return HR_MAP_STACK;
	if (smaps->jvm && mapping->start % JVM_COMMIT == 0 && length(mapping) % JVM_COMMIT == 0 &&
	    reserved_behind(smaps, i))
		return HR_MAP_JVM_METASPACE;
	if (smaps->v8 && (mapping->executable || mapping->start % V8_PAGE == 0))
		return HR_MAP_V8;
	if (smaps->python && length(mapping) && length(mapping) % PYTHON_UNIT == 0)
		return HR_MAP_CPYTHON_ARENA;
	return HR_MAP_ANON;
}

/* Its arenas follow each other from the usual address on. */
static void find_go(struct smaps *smaps)
{
	for (size_t i = 0; i < smaps->n; i++) {
		const struct smaps_mapping *mapping = &smaps->mapping[i];

		if (mapping->anonymous &&
		    mapping->start == (smaps->go_end ? smaps->go_end : GO_BASE))
			smaps->go_end = mapping->end;
	}
}

/* ---- sums ---- */

static void add_to(struct smaps_region *sum, const struct smaps_region *more)
{
	sum->mappings += more->mappings;
	sum->resident += more->resident;
	sum->swap += more->swap;
}

static void sum_up(struct smaps *smaps)
{
	for (size_t i = 1; i < smaps->names; i++)
		smaps->by_name[i] = (struct smaps_region){
			.kind = (enum hr_map_kind)smaps->name_kind[i], .name = smaps->name[i]};
	for (unsigned int kind = 0; kind < HR_MAP_KINDS; kind++) {
		smaps->by_kind[kind].kind = (enum hr_map_kind)kind;
		smaps->by_kind[kind].name = "";
	}
	/* Arenas beside another mapping are one with it, of any length. */
	if (smaps->allocator || smaps->python)
		smaps->by_kind[HR_MAP_ANON].name =
			smaps->allocator ? smaps->allocator : "CPython arenas or large blocks";
	for (size_t i = 0; i < smaps->n; i++) {
		const struct smaps_mapping *mapping = &smaps->mapping[i];
		enum hr_map_kind kind = mapping->anonymous ? kind_by_shape(smaps, i)
							   : (enum hr_map_kind)mapping->kind;
		const struct smaps_region one = {.mappings = 1,
						 .resident = mapping->resident_kib * KIB,
						 .swap = mapping->swap_kib * KIB};

		if (one.resident || one.swap) /* what is only reserved holds nothing */
			add_to(mapping->name ? &smaps->by_name[mapping->name]
					     : &smaps->by_kind[kind],
			       &one);
	}
	smaps->by_kind[HR_MAP_REST].mappings += (uint32_t)smaps->beyond;
}

static uint64_t size_of(const struct smaps_region *region)
{
	return region->resident + region->swap;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = size_of(a), y = size_of(b);

	return x > y ? -1 : x < y;
}

/* The largest names of each kind stay; the others count with their kind. */
static size_t fold_names(struct smaps *smaps)
{
	unsigned int of_kind[HR_MAP_KINDS] = {0};
	size_t n = 0;

	qsort(smaps->by_name + 1, smaps->names - 1, sizeof(*smaps->by_name), by_size);
	for (size_t i = 1; i < smaps->names; i++) {
		struct smaps_region *named = &smaps->by_name[i];

		if (size_of(named) && of_kind[named->kind]++ < NAMED_MOST)
			smaps->by_name[n++] = *named;
		else
			add_to(&smaps->by_kind[named->kind], named);
	}
	return n;
}

size_t smaps_end(struct smaps *smaps, struct smaps_region ret[HR_MAP_REGIONS],
		 struct smaps_region *ret_total)
{
	struct smaps_region all[HR_MAP_KINDS * (NAMED_MOST + 1)],
		total = {.kind = HR_MAP_REST, .name = ""}, rest = total;
	size_t n, kept;

	find_go(smaps);
	sum_up(smaps);
	n = fold_names(smaps);
	memcpy(all, smaps->by_name, n * sizeof(*all));
	for (unsigned int kind = HR_MAP_REST + 1; kind < HR_MAP_KINDS; kind++)
		if (size_of(&smaps->by_kind[kind]))
			all[n++] = smaps->by_kind[kind];
	qsort(all, n, sizeof(*all), by_size);
	kept = n < HR_MAP_REGIONS ? n : HR_MAP_REGIONS - 1;
	add_to(&rest, &smaps->by_kind[HR_MAP_REST]);
	for (size_t i = 0; i < n; i++) {
		add_to(&total, &all[i]);
		if (i < kept)
			ret[i] = all[i];
		else
			add_to(&rest, &all[i]);
	}
	add_to(&total, &smaps->by_kind[HR_MAP_REST]);
	if (size_of(&rest))
		ret[kept++] = rest;
	*ret_total = total;
	return kept;
}
