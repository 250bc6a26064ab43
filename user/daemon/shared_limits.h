/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Cgroups that share a limit above them, such as the containers of a pod.
 *
 * Claims. A container can't take more of its pod's memory than its own limit allows. At the present growth of all cgroups below a limit,
 * those that reach limits of their own before it is full *claim* what they can still take: the rest of them share what remains. With the
 * growth g and the headroom r of each, and the headroom D of the limit above, a cgroup claims while r / g < D / sum(g); then D loses r and
 * the sum loses g, until no further one does. This is the exact solution for constant growth, in which each ends at its own limit. The
 * same holds of the host's memory.
 *
 * Subject. One danger is one alarm. A pod's limit is no cause of its own: the container that grows most in it (the largest, if none does)
 * raises the alarm in its place. So does a cgroup with a limit that is reached together with that above it (accounting.h). Between two
 * runs of its containers a pod raises none: what its growth shows is that of the run that has ended.
 *
 * One look at each cgroup, and further ones at those that grow; allocates nothing. Caller: the loop, at each sweep.
 */
#ifndef HEADROOM_DAEMON_SHARED_LIMITS_H
#define HEADROOM_DAEMON_SHARED_LIMITS_H

#include "containers.h"
#include "sweep_worker.h"

/* After account_path() on the job's rows, before their forecasts. */
void shared_limits_update(struct containers *containers, const struct worker_job *job);
/* The cgroup that raises this one's alarm in its place, if it runs; else NULL. */
const struct track *shared_limits_subject(struct containers *containers, const struct track *track);

#endif
