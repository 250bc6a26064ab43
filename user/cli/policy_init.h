/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * headroom policy init: a first configuration for a kind of host. The tables say what to look for and which policies a profile has
 * (policy_init_tables.c); policy_init_host.c looks; policy_init_write.c writes. Nothing of the host's text reaches the configuration but
 * names of units that systemd itself would accept.
 */
#ifndef HEADROOM_POLICY_INIT_H
#define HEADROOM_POLICY_INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shell_words.h"

/* ---- what to look for ---- */

#define INIT_COMM 15 /* bytes that the kernel keeps of a process's name */

enum init_kind { INIT_DATABASE, INIT_ACCESS, INIT_DESKTOP, INIT_RUNNER, INIT_ENGINE, INIT_KINDS };
#define INIT_KIND(kind_) (1u << (kind_))

struct init_item {
	enum init_kind kind;
	const char *title;
	const char *unit[4];    /* globs */
	const char *program[5]; /* file names; a process has its first INIT_COMM bytes */
	const char *image[3];   /* globs of its containers' images */
};

extern const struct init_item init_items[];
extern const unsigned int init_item_count;

/* ---- a host ---- */

#define INIT_ITEMS 64
#define INIT_UNITS 4 /* of one item; of more, its globs are written */

struct init_found {
	struct words units; /* globs: names, and of a template all its instances */
	bool program;       /* installed, or its process runs */
	bool runs;
};

struct init_host {
	bool systemd;
	uint64_t mem_bytes, swap_bytes; /* HR_UNKNOWN */
	struct init_found found[INIT_ITEMS];
};

/* `root` is where the host's files are mounted; "" for this host. What is not there or cannot be read is not found. 0 or -ENOMEM. */
int init_host_look(const char *root, struct init_host *ret_host);
void init_host_free(struct init_host *host);
bool init_is_found(const struct init_host *host, unsigned int item);

/* ---- profiles ---- */

enum init_match {
	INIT_CONTAINERS,
	INIT_WORKLOADS, /* containers and services */
	INIT_PODS,
	INIT_PROCESSES, /* in sessions and services */
	INIT_APPS,      /* of a desktop session */
	INIT_SESSIONS,
	INIT_JOBS /* processes of CI runners */
};

/* Of the host's available memory. `most` bounds the share on large hosts. Without swap less is left to react. */
struct init_level {
	unsigned int percent, percent_swap;
	unsigned int most_gib;
};

enum init_at { INIT_ALWAYS, INIT_EARLY, INIT_LATE };

struct init_policy {
	const char *name, *comment;
	enum init_match match;
	enum init_at at;    /* the level of host_available */
	const char *when;   /* further conditions; "" */
	const char *action; /* what stands in the brackets */
	const char *rest;   /* further lines of the policy; "" */
};

struct init_profile {
	const char *word, *title;
	struct init_level early, late;
	unsigned int protects; /* INIT_KIND()s */
	bool images;           /* root alone chooses the images of its containers */
	const char *protect[3];
	const char *rate_limit;
	struct init_policy policy[6];
};

extern const struct init_profile init_profiles[];
const char *init_profile_word(size_t i); /* NULL past the end */

/* The whole configuration. */
void init_write(const struct init_profile *profile, const struct init_host *host, FILE *out);

#endif
