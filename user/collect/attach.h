/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One variant of a signal: load its programs, attach them, or say why not. Private to the loader's
 * child, which never frees what works: closing would detach it.
 */
#ifndef HEADROOM_COLLECT_ATTACH_H
#define HEADROOM_COLLECT_ATTACH_H

#include "loader.h"
#include "../../bpf/bpf_config.h"

struct attach {
	const struct loader_config *config;
	struct loaded *loaded;
	__u32 features;
	bool memlock_raised;
	struct bpf_config bpf;
	int map[MAP_COUNT]; /* made by the first object that needs it */
};

void attach_quiet(void); /* libbpf keeps its words to itself; first of all */
void attach_init(struct attach *attach);
/* The variant's object with its programs chosen and its maps prepared, not loaded yet; NULL with errno. The caller closes it. */
struct bpf_object *attach_open(struct attach *attach, const struct plan_variant *variant);
/* 0 with the links in link[] (all of the variant's programs run), or -errno with the reason in a
 * few words. */
int attach_variant(struct attach *attach, const struct plan_variant *variant,
		   int link[LOADER_LINKS], char *reason, size_t reason_bytes);

#endif
