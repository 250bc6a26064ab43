// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Slurm: a step of a job is the container, named as Slurm's commands take it ("5.0", "5.batch"). The path holds the name;
 * there is no state file. slurmstepd.scope holds the jobs of all users, and a step's slurmstepd has a cgroup beside the
 * step's tasks (https://slurm.schedmd.com/cgroup_v2.html):
 *
 *   v2  [NODE_]slurmstepd.scope/job_J/step_S/user[/task_T], …/step_S/slurm, slurmstepd.scope/system
 *   v1  slurm[_NODE]/uid_U/job_J/step_S[/task_T]: slurmstepd is in the step's own cgroup
 */
#include <stdio.h>
#include <string.h>

#include "identity.h"

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_scope(const char *part)
{
	return !strcmp(part, "slurmstepd.scope") || part_ends(part, "_slurmstepd.scope");
}

/* Part i is step_S of job_J, below what is Slurm's own. */
static bool is_step(const struct path *path, int i)
{
	if (i < 2 || !begins(path->part[i], "step_") || !begins(path->part[i - 1], "job_"))
		return false;
	return is_scope(path->part[i - 2]) ||
	       (i >= 3 && begins(path->part[i - 2], "uid_") &&
		(!strcmp(path->part[i - 3], "slurm") || begins(path->part[i - 3], "slurm_")));
}

/* Supervisors are exempt: nothing that a user can make up is one. */
static enum hr_kind supervisor(const struct path *path, int scope)
{
	return path_of_host(path, scope) ? HR_KIND_SANDBOX : HR_KIND_GROUP;
}

static void name_step(const struct path *path, int step, struct identity *identity)
{
	snprintf(identity->name, sizeof(identity->name), "%.100s.%.100s",
		 path->part[step - 1] + strlen("job_"), path->part[step] + strlen("step_"));
	identity_set(identity->container_id, identity->name);
	identity->path_names = true;
}

static bool slurm_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i];
	bool v2_step = i >= 3 && is_step(path, i - 1) && is_scope(path->part[i - 3]);

	if (v2_step && (!strcmp(part, "user") || !strcmp(part, "slurm"))) {
		identity->kind = part[0] == 'u' ? HR_KIND_CONTAINER : supervisor(path, i - 3);
		name_step(path, i - 1, identity);
	} else if (is_step(path, i) && !is_scope(path->part[i - 2])) {
		identity->kind = HR_KIND_CONTAINER;
		name_step(path, i, identity);
	} else if (i && is_scope(path->part[i - 1]) && !strcmp(part, "system")) {
		identity->kind = supervisor(path, i - 1);
	} else if (is_scope(part)) {
		identity->kind = HR_KIND_GROUP;
		identity_set(identity->unit, part);
	} else {
		return false;
	}
	identity->runtime = HR_RUNTIME_SLURM;
	return true;
}

const struct runtime runtime_slurm = {
	.runtime = HR_RUNTIME_SLURM,
	.name = "slurm",
	.match = slurm_match,
};
