// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Loads one variant's programs from its object, over the one shared set of maps, and attaches them.
 * A program that fails takes nothing with it but its variant: each variant is an object instance of
 * its own. HEADROOM_BPF_DEBUG=1 in the environment shows libbpf's and the verifier's own words on
 * stderr.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "attach.h"

#define LRU_LEAST    1024u
#define LRU_EACH_CPU 256u

const char *const loader_map_names[MAP_COUNT] = {
	[MAP_RECORDS] = "records",
	[MAP_LOST] = "lost",
	[MAP_STALLS] = "stalls",
	[MAP_HOST_COUNTS] = "host_counts",
	[MAP_WATCHED] = "watched",
	[MAP_ROWS] = "rows",
	[MAP_SWEEP] = "sweep",
	[MAP_PIDS] = "pids",
	[MAP_TASKS] = "tasks",
	[MAP_SEEN] = "seen",
	[MAP_TRIGGER_RECORDS] = "trigger_records",
	[MAP_TRIGGERS] = "triggers",
	[MAP_TRIGGERS_STATE] = "triggers_state",
	[MAP_TRIGGER_EMITTED] = "trigger_emitted",
	[MAP_TRIGGER_MEMCG] = "trigger_memcg",
	[MAP_TICKER] = "ticker",
	[MAP_FIRED] = "fired",
	[MAP_EXEMPT] = "exempt",
	[MAP_THREADS] = "threads",
	[MAP_ARGS] = "args",
	[MAP_ARGS_SCRATCH] = "args_scratch",
	[MAP_TRIGGERS_ABOVE] = "triggers_above",
	[MAP_RSS_SEEN] = "rss_seen",
	[MAP_KILLS_TAKEN] = "kills_taken",
};

static bool verifier_refused; /* libbpf said so while the last object was loaded */

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (strstr(format, "BEGIN PROG LOAD LOG"))
		verifier_refused = true;
	return getenv("HEADROOM_BPF_DEBUG") && level <= LIBBPF_INFO ? vfprintf(stderr, format, args)
								    : 0;
}

/* Before 5.11 a map or program that exceeds RLIMIT_MEMLOCK is refused with EPERM, too. */
static bool memlock_refused(const struct attach *attach, int error)
{
	return error == EPERM && !attach->memlock_raised &&
	       !(attach->features & NEEDS(FEATURE_CHARGED));
}

static const char *error_word(int error)
{
	static const struct {
		int error;
		const char *word;
	} words[] = {
		{EPERM, "EPERM"},
		{EACCES, "EACCES"},
		{ENOENT, "not in this kernel"},
		{ESRCH, "not in this kernel"},
		{EINVAL, "EINVAL"},
		{ENOMEM, "ENOMEM"},
		{EBUSY, "EBUSY"},
		{EOPNOTSUPP, "not supported"},
		{ENOTSUP, "not supported"},
		{E2BIG, "too large"},
		{ENODEV, "not in this kernel"},
		{ENOSPC, "ENOSPC"},
		{EMFILE, "EMFILE"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].error == error)
			return words[i].word;
	return "failed";
}

void attach_quiet(void) { libbpf_set_print(print_libbpf); }

void attach_init(struct attach *attach)
{
	static const struct {
		enum feature feature;
		__u32 flag;
	} shapes[] = {
		{FEATURE_VICTIM_TASK, CONFIG_VICTIM_TASK},
		{FEATURE_GFP_FIRST, CONFIG_GFP_FIRST},
		{FEATURE_MEMCG_ARG, CONFIG_MEMCG_ARG},
	};
	int cpus = libbpf_num_possible_cpus();

	memset(attach->map, -1, sizeof(attach->map));
	attach->bpf.page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	attach->bpf.cpus = cpus > 0 ? cpus : 1;
	attach->bpf.flags =
		(attach->config->v1 ? CONFIG_V1 : 0) | (attach->config->psi ? CONFIG_PSI : 0);
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		if (attach->features & NEEDS(shapes[i].feature))
			attach->bpf.flags |= shapes[i].flag;
}

static int map_index(const struct bpf_map *map)
{
	for (int i = 0; i < MAP_COUNT; i++)
		if (strcmp(loader_map_names[i], bpf_map__name(map)) == 0)
			return i;
	return -1;
}

/* An LRU map; its memory is taken whole at the start: as large as is needed here, at most as declared. Each CPU holds back some
 * free entries (LRU_FREE_TARGET, 128). */
static int map_bound(struct bpf_map *map, const struct attach *attach, __u32 wish)
{
	__u32 least = attach->bpf.cpus * LRU_EACH_CPU;

	least = least > LRU_LEAST ? least : LRU_LEAST;
	wish = wish > least ? wish : least;
	return wish < bpf_map__max_entries(map) ? bpf_map__set_max_entries(map, wish) : 0;
}

static int map_prepare(struct attach *attach, struct bpf_map *map)
{
	int index = map_index(map);

	if (index < 0)
		return strcmp(bpf_map__name(map), ".rodata.config")
			       ? 0
			       : bpf_map__set_initial_value(map, &attach->bpf, sizeof(attach->bpf));
	if (attach->map[index] >= 0)
		return bpf_map__reuse_fd(map, attach->map[index]);
	switch (index) {
	case MAP_ARGS:
		return map_bound(map, attach, 2 * attach->config->capacity);
	case MAP_THREADS:
		return map_bound(map, attach, 0);
	case MAP_TRIGGERS_ABOVE:
		return map_bound(map, attach, attach->config->capacity);
	case MAP_STALLS:
	case MAP_ROWS:
	case MAP_PIDS:
	case MAP_SEEN:
		return bpf_map__set_max_entries(map, attach->config->capacity);
	case MAP_TASKS:
		return bpf_map__set_max_entries(map, attach->config->task_capacity);
	default:
		return 0;
	}
}

static bool variant_has(const struct plan_variant *variant, const char *program)
{
	for (unsigned int i = 0; i < PLAN_PROGRAMS && variant->programs[i]; i++)
		if (strcmp(variant->programs[i], program) == 0)
			return true;
	return false;
}

static int object_prepare(struct attach *attach, struct bpf_object *object,
			  const struct plan_variant *variant)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int r;

	bpf_object__for_each_program (program, object) {
		r = bpf_program__set_autoload(program,
					      variant_has(variant, bpf_program__name(program)));
		if (r < 0)
			return r;
	}
	bpf_object__for_each_map (map, object) {
		r = map_prepare(attach, map);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct bpf_link *attach_iterator(const struct bpf_program *program, bool cgroups, int fd,
					int order)
{
	union bpf_iter_link_info info = {};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts);

	if (cgroups) {
		info.cgroup.cgroup_fd = fd;
		info.cgroup.order = order;
		opts.link_info = &info;
		opts.link_info_len = sizeof(info);
	}
	return bpf_program__attach_iter(program, &opts);
}

static int link_add(struct bpf_link *link, int links[LOADER_LINKS], unsigned int *n)
{
	if (!link)
		return -errno;
	if (*n == LOADER_LINKS)
		return -ENOSPC;
	links[(*n)++] = bpf_link__fd(link);
	return 0;
}

static int program_attach(struct attach *attach, struct bpf_program *program,
			  int links[LOADER_LINKS], unsigned int *n)
{
	const struct loader_config *config = attach->config;
	const char *section = bpf_program__section_name(program);
	bool cgroups = strstr(section, "/cgroup") != NULL;
	int r;

	if (strncmp(section, "iter", 4) != 0)
		return link_add(bpf_program__attach(program), links, n);
	r = link_add(attach_iterator(program, cgroups, config->scope_fd < 0 ? 0 : config->scope_fd,
				     BPF_CGROUP_ITER_DESCENDANTS_PRE),
		     links, n);
	if (r == 0 && cgroups && config->ancestors_fd >= 0)
		r = link_add(attach_iterator(program, true, config->ancestors_fd,
					     BPF_CGROUP_ITER_ANCESTORS_UP),
			     links, n);
	return r;
}

/* Whether it can be attached is found by attaching it, for a moment. An iterator runs over one group,
 * which has no name yet: that it loads must do. */
static int program_try(struct bpf_program *program, int links[LOADER_LINKS], unsigned int *n)
{
	struct bpf_link *link;

	if (strncmp(bpf_program__section_name(program), "iter", 4) != 0) {
		link = bpf_program__attach(program);
		if (!link)
			return -errno;
		bpf_link__destroy(link);
	}
	links[(*n)++] = bpf_program__fd(program);
	return 0;
}

static int object_attach(struct attach *attach, struct bpf_object *object,
			 const struct plan_variant *variant, int links[LOADER_LINKS])
{
	unsigned int n = 0;
	int r;

	for (unsigned int i = 0; i < PLAN_PROGRAMS && variant->programs[i]; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(object, variant->programs[i]);

		r = !program        ? -ENOENT
		    : variant->late ? program_try(program, links, &n)
				    : program_attach(attach, program, links, &n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The maps that this object made are the ones for all. */
static void object_keep_maps(struct attach *attach, struct bpf_object *object)
{
	struct bpf_map *map;
	int index;

	bpf_object__for_each_map (map, object) {
		index = map_index(map);
		if (index < 0 || attach->map[index] >= 0)
			continue;
		attach->map[index] = bpf_map__fd(map);
		if (index < MAP_HANDED)
			attach->loaded->map[index] = bpf_map__fd(map);
	}
}

struct bpf_object *attach_open(struct attach *attach, const struct plan_variant *variant)
{
	DECLARE_LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = variant->object);
	struct bpf_object *object;
	const void *elf;
	size_t bytes;
	int r;

	elf = plan_object(variant->object, &bytes);
	if (!elf) {
		errno = EINVAL;
		return NULL;
	}
	object = bpf_object__open_mem(elf, bytes, &opts);
	if (!object)
		return NULL;
	r = object_prepare(attach, object, variant);
	if (r < 0) {
		bpf_object__close(object);
		errno = -r;
		return NULL;
	}
	return object;
}

int attach_variant(struct attach *attach, const struct plan_variant *variant,
		   int link[LOADER_LINKS], char *reason, size_t reason_bytes)
{
	int links[LOADER_LINKS] = {-1, -1, -1, -1};
	struct bpf_object *object;
	int r;

	verifier_refused = false;
	object = attach_open(attach, variant);
	r = object ? bpf_object__load(object) : -errno;
	if (r == 0)
		r = object_attach(attach, object, variant, links);
	if (r < 0) {
		snprintf(reason, reason_bytes, "%s%s", error_word(-r),
			 verifier_refused              ? " (verifier)"
			 : memlock_refused(attach, -r) ? " (RLIMIT_MEMLOCK, CAP_SYS_RESOURCE)"
						       : "");
		if (memlock_refused(attach, -r))
			attach->loaded->again = true; /* another process may free some */
		bpf_object__close(object);
		return r;
	}
	object_keep_maps(attach, object);
	memcpy(link, links, sizeof(links));
	return 0;
}
