/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Every string of the resolver's answer: for the test of the daemon's check and for tools/bad-resolver. */
#ifndef HEADROOM_FIXTURE_ANSWER_H
#define HEADROOM_FIXTURE_ANSWER_H

#include <stddef.h>

#include "identify/identify.h"

static const size_t answer_strings[] = {
	offsetof(struct resolve_answer, id.name),
	offsetof(struct resolve_answer, id.container_id),
	offsetof(struct resolve_answer, id.image),
	offsetof(struct resolve_answer, id.pod),
	offsetof(struct resolve_answer, id.namespace),
	offsetof(struct resolve_answer, id.pod_uid),
	offsetof(struct resolve_answer, id.container),
	offsetof(struct resolve_answer, id.unit),
	offsetof(struct resolve_answer, id.cgroup),
	offsetof(struct resolve_answer, labels),
	offsetof(struct resolve_answer, cmdline),
	offsetof(struct resolve_answer, limit_path),
	offsetof(struct resolve_answer, task_path),
};

#endif
