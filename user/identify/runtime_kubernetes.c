// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Kubernetes, for any engine: the pod's own cgroup in both drivers. Names from the kubelet's log
 * directories.
 */
#include <errno.h>
#include <string.h>

#include "identity.h"

static bool kubernetes_match(const struct path *path, int i, struct identity *identity)
{
	char uid[37];

	if (!part_is_pod(path->part[i], false, uid))
		return false;
	identity_set(identity->pod_uid, uid);
	identity->runtime = HR_RUNTIME_NONE;
	identity->kind = HR_KIND_POD;
	return true;
}

const struct runtime runtime_kubernetes = {
	.runtime = HR_RUNTIME_NONE,
	.name = "kubernetes",
	.match = kubernetes_match,
	.read = log_pod,
};
