// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Holds the relocations of BPF objects against a kernel's BTF, as libbpf would at load: by name,
 *through anonymous members. What is missing fails the check, unless a program asks for it first
 *(bpf_core_*_exists), or it is a flavour (a ___ in the name), or the program cannot attach to that
 *kernel anyway: those are notes. Loads nothing into a kernel.
 *
 *	check-vmlinux [-v] BTF OBJECT…		-v: print the notes, too
 */
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

struct ext_header { /* of .BTF.ext; Documentation/bpf/btf.rst */
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_bytes, func_at, func_bytes, line_at, line_bytes, relo_at, relo_bytes;
};

struct ext_section {
	uint32_t name, count;
	uint8_t records[];
};

struct check {
	const struct btf *kernel, *object;
	const char *file;
	unsigned int used, missing, notes;
	bool verbose;
	/* names of what this object asks for before it uses it */
	char *asked[64];
	size_t n_asked;
};

/* Every libbpf exports this name; the headers of some declare only its successor, which they do not
 * export. */
const void *btf_ext__get_raw_data(const struct btf_ext *ext, __u32 *bytes);

#define NAME 256

/* Name without the flavour ("mem_cgroup___510": "mem_cgroup"). */
static void plain_name(const char *name, char plain[NAME])
{
	const char *flavour = strstr(name, "___");

	snprintf(plain, NAME, "%.*s", flavour ? (int)(flavour - name) : NAME - 1, name);
}

static const struct btf_type *skip(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static const char *name_of(const struct btf *btf, const struct btf_type *t)
{
	return btf__name_by_offset(btf, t->name_off);
}

/* A member by name, looking into anonymous structs and unions. NULL: none. */
static const struct btf_type *member_find(const struct btf *btf, const struct btf_type *t,
					  const char *name)
{
	for (int i = 0; t && btf_is_composite(t) && i < btf_vlen(t); i++) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *member = btf__name_by_offset(btf, m->name_off);
		const struct btf_type *type = skip(btf, m->type), *found;

		if (*member) {
			if (strcmp(member, name) == 0)
				return type;
			continue;
		}
		found = member_find(btf, type, name);
		if (found)
			return found;
	}
	return NULL;
}

/* What libbpf compares: the kinds, through arrays; numbers of any size fit. */
static bool compatible(const struct btf *a, const struct btf_type *x, const struct btf *b,
		       const struct btf_type *y)
{
	while (x && y && btf_is_array(x) && btf_is_array(y)) {
		x = skip(a, btf_array(x)->type);
		y = skip(b, btf_array(y)->type);
	}
	if (!x || !y)
		return false;
	if (btf_is_composite(x))
		return btf_is_composite(y);
	return btf_kind(x) == btf_kind(y) || (btf_is_any_enum(x) && btf_is_any_enum(y));
}

/* Walks an access string through both; `path` becomes its name. */
static bool field_holds(const struct check *c, uint32_t id, const char *access, char path[NAME])
{
	const struct btf_type *ours = skip(c->object, id), *theirs;
	int kernel_id;
	char *at;

	plain_name(name_of(c->object, ours), path);
	kernel_id = btf__find_by_name_kind(c->kernel, path, btf_kind(ours));
	theirs = kernel_id < 0 ? NULL : skip(c->kernel, kernel_id);
	strncat(path, name_of(c->object, ours) + strlen(path), NAME - strlen(path) - 1);
	strtoul(access, &at, 10); /* the first index is of the pointer */
	while (*at == ':') {
		unsigned long index = strtoul(at + 1, &at, 10);

		if (ours && btf_is_array(ours)) {
			ours = skip(c->object, btf_array(ours)->type);
			theirs = theirs && btf_is_array(theirs)
					 ? skip(c->kernel, btf_array(theirs)->type)
					 : NULL;
		} else if (ours && btf_is_composite(ours) && index < btf_vlen(ours)) {
			const struct btf_member *m = &btf_members(ours)[index];
			const char *name = btf__name_by_offset(c->object, m->name_off);

			snprintf(path + strlen(path), NAME - strlen(path), ".%s", name);
			ours = skip(c->object, m->type);
			theirs = member_find(c->kernel, theirs, name);
			if (!compatible(c->object, ours, c->kernel, theirs))
				theirs = NULL;
		} else {
			return false;
		}
	}
	return theirs != NULL;
}

static const char *enum_name(const struct btf *btf, const struct btf_type *t, int i)
{
	return btf__name_by_offset(btf, btf_is_enum(t) ? btf_enum(t)[i].name_off
						       : btf_enum64(t)[i].name_off);
}

static bool enum_holds(const struct check *c, uint32_t id, const char *access, char path[NAME])
{
	const struct btf_type *ours = skip(c->object, id), *theirs;
	const char *name = enum_name(c->object, ours, atoi(access));
	int kernel_id;

	snprintf(path, NAME, "%s.%s", name_of(c->object, ours), name);
	kernel_id = btf__find_by_name_kind(c->kernel, name_of(c->object, ours), BTF_KIND_ENUM);
	theirs = kernel_id < 0 ? NULL : btf__type_by_id(c->kernel, kernel_id);
	for (int i = 0; theirs && i < btf_vlen(theirs); i++)
		if (strcmp(enum_name(c->kernel, theirs, i), name) == 0)
			return true;
	return false;
}

static bool type_holds(const struct check *c, uint32_t id, char path[NAME])
{
	const struct btf_type *ours = skip(c->object, id);

	plain_name(name_of(c->object, ours), path);
	return btf__find_by_name_kind(c->kernel, path, btf_kind(ours)) >= 0;
}

static bool relocation_holds(const struct check *c, const struct bpf_core_relo *relo,
			     char path[NAME])
{
	const char *access = btf__name_by_offset(c->object, relo->access_str_off);

	switch (relo->kind) {
	case BPF_CORE_FIELD_BYTE_OFFSET ... BPF_CORE_FIELD_RSHIFT_U64:
		return field_holds(c, relo->type_id, access, path);
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE:
		return enum_holds(c, relo->type_id, access, path);
	case BPF_CORE_TYPE_ID_LOCAL:
		*path = '\0';
		return true;
	default:
		return type_holds(c, relo->type_id, path);
	}
}

static bool kind_asks(uint32_t kind)
{
	return kind == BPF_CORE_FIELD_EXISTS || kind == BPF_CORE_ENUMVAL_EXISTS ||
	       kind == BPF_CORE_TYPE_EXISTS;
}

/* Can a program of this ELF section attach to that kernel? */
static bool section_attaches(const struct btf *kernel, const char *section)
{
	static const struct {
		const char *before;
		const char *wanted;
		uint32_t kind;
	} kinds[] = {
		{"raw_tp/", "btf_trace_%s", BTF_KIND_TYPEDEF},
		{"iter/", "bpf_iter_%s", BTF_KIND_FUNC},
		{"iter.s/", "bpf_iter_%s", BTF_KIND_FUNC},
	};
	char name[NAME];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t n = strlen(kinds[i].before);

		if (strncmp(section, kinds[i].before, n) != 0)
			continue;
		snprintf(name, sizeof(name), kinds[i].wanted, section + n);
		return btf__find_by_name_kind(kernel, name, kinds[i].kind) >= 0;
	}
	return true;
}

static bool was_asked(const struct check *c, const char *path)
{
	for (size_t i = 0; i < c->n_asked; i++)
		if (strcmp(c->asked[i], path) == 0)
			return true;
	return false;
}

static void relocation_check(struct check *c, const char *section, bool attaches,
			     const struct bpf_core_relo *relo, bool asking)
{
	char path[NAME];
	bool holds = relocation_holds(c, relo, path);

	if (asking) {
		if (kind_asks(relo->kind) && c->n_asked < ARRAY_SIZE(c->asked) &&
		    !was_asked(c, path))
			c->asked[c->n_asked++] = strdup(path);
		return;
	}
	c->used++;
	if (holds || kind_asks(relo->kind))
		return;
	if (strstr(path, "___") || was_asked(c, path) || !attaches) {
		c->notes++;
		if (c->verbose)
			printf("note: %s, %s: no %s in this kernel\n", c->file, section, path);
		return;
	}
	printf("MISS: %s, %s: no %s in this kernel\n", c->file, section, path);
	c->missing++;
}

/* All relocations, once to learn what is asked for and once to check. */
static void object_walk(struct check *c, const uint8_t *ext, bool asking)
{
	const struct ext_header *header = (const void *)ext;
	const uint8_t *at = ext + header->header_bytes + header->relo_at,
		      *end = at + header->relo_bytes;
	uint32_t record_bytes = *(const uint32_t *)at;

	for (at += sizeof(uint32_t); at < end;) {
		const struct ext_section *section = (const void *)at;
		const char *name = btf__name_by_offset(c->object, section->name);
		bool attaches = section_attaches(c->kernel, name);

		for (uint32_t i = 0; i < section->count; i++)
			relocation_check(c, name, attaches,
					 (const void *)(section->records + i * record_bytes),
					 asking);
		at = section->records + (size_t)section->count * record_bytes;
	}
}

static int object_check(struct check *c, const char *path)
{
	struct btf_ext *ext = NULL;
	struct btf *object = btf__parse_elf(path, &ext);
	const void *raw;
	uint32_t bytes;

	if (!object || !ext) {
		fprintf(stderr, "check-vmlinux: %s: no BTF in it\n", path);
		return -EINVAL;
	}
	c->object = object;
	c->file = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	raw = btf_ext__get_raw_data(ext, &bytes);
	object_walk(c, raw, true);
	object_walk(c, raw, false);
	for (size_t i = 0; i < c->n_asked; i++)
		free(c->asked[i]);
	c->n_asked = 0;
	btf_ext__free(ext);
	btf__free(object);
	return 0;
}

int main(int argc, char **argv)
{
	struct check check = {.verbose = argc > 1 && strcmp(argv[1], "-v") == 0};
	struct btf *kernel;
	int failed = 0;

	argc -= check.verbose;
	argv += check.verbose;
	if (argc < 3) {
		fprintf(stderr, "usage: check-vmlinux [-v] BTF OBJECT...\n");
		return 2;
	}
	kernel = btf__parse(argv[1], NULL);
	if (!kernel) {
		fprintf(stderr, "check-vmlinux: %s: no BTF: %s\n", argv[1], strerror(errno));
		return 2;
	}
	check.kernel = kernel;
	for (int i = 2; i < argc; i++)
		failed |= object_check(&check, argv[i]);
	printf("check-vmlinux: %u uses of kernel types, %u missing, %u for other kernels\n",
	       check.used, check.missing, check.notes);
	btf__free(kernel);
	return failed || check.missing;
}
