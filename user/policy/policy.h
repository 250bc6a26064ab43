/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Compiled policies: one flat block without pointers, so that the supervisor can hand it to the daemon (a sealed memfd) and
 * the daemon can map it read-only and evaluate it without allocating. policy_parse.c makes it of YAML; engine.c reads it.
 *
 *   struct policy_set | text | struct policy[n] | struct policy_match[] | struct policy_glob[]
 *
 * Text is referred to by its offset from the block's first byte; 0: none. Sizes are bytes, times ms. A condition that is not
 * in `conditions` holds. The policies are in the order of evaluation: higher priority first, then as in the file.
 */
#ifndef HEADROOM_POLICY_POLICY_H
#define HEADROOM_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <headroom/board.h>

#define POLICY_MAGIC   0x33594c4f50444548ULL /* the last character grows with the layout */
#define POLICY_MOST    4096u                 /* policies in one file */
#define POLICY_ACTIONS 8
#define POLICY_ARGS    16 /* words of one command */
#define POLICY_LABELS  32 /* different label keys in one file: as many as the resolver looks for */

enum policy_mode { MODE_OBSERVE, MODE_DRY_RUN, MODE_ENFORCE }; /* hr_host.mode */

/* What a glob is matched with. */
enum policy_key {
	POLICY_NAME,
	POLICY_IMAGE,
	POLICY_POD,
	POLICY_NAMESPACE,
	POLICY_CONTAINER,
	POLICY_UNIT,
	POLICY_CGROUP,
	POLICY_RUNTIME,
	POLICY_LABEL,
	POLICY_PROCESS,
	POLICY_KEYS
};

struct policy_match {      /* any of its globs */
	uint32_t key;      /* enum policy_key */
	uint32_t label;    /* POLICY_LABEL: text of KEY */
	uint32_t first, n; /* globs */
};

struct policy_glob { /* fnmatch() without FNM_PATHNAME */
	uint32_t text;
};

/* condition_table.h describes each; the order is that of sentences. */
enum condition_id {
	CONDITION_USED,
	CONDITION_USAGE,
	CONDITION_RSS,
	CONDITION_HEADROOM,
	CONDITION_OOM_IN,
	CONDITION_RISK,
	CONDITION_ALARM,
	CONDITION_LEAK,
	CONDITION_GROWTH,
	CONDITION_SOME_AVG10,
	CONDITION_FULL_AVG10,
	CONDITION_HOST_AVAILABLE,
	CONDITION_AGE,
	CONDITION_REFAULTS,
	CONDITIONS
};
#define WHEN(name) (1u << CONDITION_##name) /* its bit in policy.conditions */

struct policy_threshold { /* of one condition */
	uint64_t value;   /* in the unit of the condition's type; HR_UNKNOWN: a share */
	uint32_t milli;   /* the share, thousandths */
	uint32_t reserved;
};

#define POLICY_SIZE_LEAST 4096u        /* a size below a page is a forgotten unit */
#define POLICY_SIZE_MOST  (1ULL << 50) /* no host has a PiB */

struct policy_amount {  /* a size, or a share of the limit that INTERFACE.md names */
	uint64_t bytes; /* HR_UNKNOWN: it is a share */
	uint32_t milli; /* thousandths */
	uint32_t reserved;
};

#define POLICY_RUN_AS         64 /* bytes of a user's name or number */
#define POLICY_RUN_AS_DEFAULT "headroom-run"
struct policy_command {
	uint32_t n;      /* 0: none */
	uint32_t run_as; /* text: the user that it runs as, a name or a number */
	uint32_t word
		[POLICY_ARGS]; /* text; {name} {id} {pod} {namespace} {container} {unit} {cgroup} {policy} {pid} */
};

struct policy_action {
	uint32_t kind;       /* enum hr_action_kind */
	int32_t signal;      /* TERM */
	uint32_t grace_ms;   /* TERM: until the next action; THROTTLE, RESIZE: its `for` */
	uint32_t largest;    /* KILL: one process instead of the whole */
	uint32_t swappiness; /* RECLAIM: one more than the value; 0: the kernel's */
	uint32_t reserved;
	/* RECLAIM: size, or share of the limit; RESIZE: by, of its own limit; THROTTLE: high; neither bytes nor milli (the default): current usage */
	struct policy_amount amount;
	uint64_t most;                 /* RESIZE: max, bytes; HR_UNKNOWN: the default */
	struct policy_command command; /* NOTIFY */
};

struct policy {
	uint32_t name, description; /* text */
	uint32_t line;              /* in the file */
	uint32_t mode;    /* enum policy_mode; the lesser of it and the global one is in force */
	int32_t priority; /* higher first */
	uint32_t first_match, matches; /* all must hold */
	uint32_t host_processes;       /* process: outside containers only */
	uint32_t conditions;           /* WHEN() of those that it has */
	struct policy_threshold threshold[CONDITIONS];
	uint64_t for_ms; /* they must have held for so long */
	uint64_t cooldown_ms;
	uint32_t reflex; /* the reflex is among its actions */
	uint32_t actions;
	struct policy_action action[POLICY_ACTIONS];
	struct policy_command on_exit;
};

struct policy_set {
	uint64_t magic;
	uint64_t bytes; /* of the whole block */
	uint32_t
		mode; /* enum policy_mode, the file's; a --mode on the command line is set here, too */
	uint32_t policies, policies_at; /* count; offset */
	uint32_t matches, matches_at, globs, globs_at, text_at, text_bytes;
	uint32_t protect_first,
		protects; /* policy_match[]: each entry alone protects; any key, PROCESS: by its comm */
	uint32_t rate_limit_kills; /* kills (0: never one) … */
	uint64_t
		rate_limit_per_ms; /* … in this time; 0: no limit. The default: docs/reference/configuration.md */
	uint64_t generation; /* grows with each load; the supervisor sets it */
};

static inline const struct policy *policy_at(const struct policy_set *set, uint32_t i)
{
	return (const struct policy *)((const char *)set + set->policies_at) + i;
}

static inline const struct policy_match *policy_match_at(const struct policy_set *set, uint32_t i)
{
	return (const struct policy_match *)((const char *)set + set->matches_at) + i;
}

static inline const char *policy_text(const struct policy_set *set, uint32_t at)
{
	return at ? (const char *)set + at : "";
}

/* A unit that the host depends on (exempt.c): never a target outside containers, whatever the file says. */
bool policy_unit_protected(const char *unit);

static inline const char *policy_glob(const struct policy_set *set, uint32_t i)
{
	return policy_text(
		set, ((const struct policy_glob *)((const char *)set + set->globs_at))[i].text);
}

/* policy_verify.c: whether a block from another process is valid: every offset, count, enum and threshold. A process that maps
 * one calls this first; after it no accessor above leaves the block, and each text ends within it. `block` on 8 bytes. 0 or -EBADMSG. */
int policy_set_verify(const void *block, size_t bytes);
/* The label keys that policies and protection use, each once; NULL past the end. For the resolver's labels_want(). */
const char *policy_label(const struct policy_set *set, uint32_t i);

/* policy_describe.c, for people. What a policy does, in one sentence; and what is allowed but seldom meant, one line each, with
 * its line in the file (0: the whole). Text of the file is clean. Return text. */
#define POLICY_DESCRIPTION 4096
const char *policy_description(const struct policy_set *set, const struct policy *policy,
			       char text[POLICY_DESCRIPTION]);
const char *policy_rate_limit(const struct policy_set *set, char text[POLICY_DESCRIPTION]);
/* An entry of `protect`, below set->protects, as it stands in a file: KEY:GLOB. */
const char *policy_protect_entry(const struct policy_set *set, uint32_t i,
				 char text[POLICY_DESCRIPTION]);
void policy_warnings(const struct policy_set *set,
		     void (*say)(uint32_t line, const char *text, void *arg), void *arg);

#endif
