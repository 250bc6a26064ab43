// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * containerd: under Kubernetes, by nerdctl, or plain. Names from the annotations of the bundle's
 * config.json, which is there before the cgroup is and vanishes with the container. A bare id in a
 * path is taken for containerd's until some engine's state file claims it.
 */
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "labels.h"
#include "state.h"

/* `ctr run IMAGE web` makes /NAMESPACE/web: nothing in the path tells, only the state file. */
static bool could_be_ctr(const struct path *path, int i)
{
	const char *part = path->part[i];

	return i == 1 && path->parts == 2 && open_id_valid(part) && !strchr(path->part[0], '.') &&
	       !part_ends(part, ".service") && !part_ends(part, ".scope") &&
	       !part_ends(part, ".slice");
}

static bool containerd_match(const struct path *path, int i, struct who *who)
{
	const char *part = path->part[i];

	if (part_is_id(part)) {
		who_set(who->container_id, part);
		who->guess = true;
	} else if (part_tagged(part, "cri-containerd-", who->container_id) ||
		   part_tagged(part, ":cri-containerd:", who->container_id)) {
		who->guess = false;
	} else if (could_be_ctr(path, i)) {
		who_set(who->container_id, part);
		who_set(who->engine_namespace, path->part[0]);
		who->probe = true;
	} else {
		return false;
	}
	who->runtime = HR_RUNTIME_CONTAINERD;
	who->kind = HR_KIND_CONTAINER;
	return true;
}

static void read_annotations(const json_t *annotations, struct who *who)
{
	static const struct state_text table[] = {
		{"io.kubernetes.cri.container-name", WHO_FIELD(container)},
		{"io.kubernetes.cri.sandbox-name", WHO_FIELD(pod)},
		{"io.kubernetes.cri.sandbox-namespace", WHO_FIELD(namespace)},
		{"io.kubernetes.cri.sandbox-uid", WHO_FIELD(pod_uid)},
		{"io.kubernetes.cri.image-name", WHO_FIELD(image)},
		{"nerdctl/name", WHO_FIELD(name)},
	};

	state_texts(annotations, table, ARRAY_SIZE(table), who);
	labels_take(annotations, who);
	if (!strcmp(state_string(annotations, "io.kubernetes.cri.container-type"), "sandbox")) {
		who->kind = HR_KIND_SANDBOX;
		who->container[0] = 0;
	}
	if (state_string(annotations, "nerdctl/name")[0] ||
	    state_string(annotations, "nerdctl/namespace")[0])
		who->runtime = HR_RUNTIME_NERDCTL;
}

static int containerd_read(struct opener *opener, struct who *who)
{
	size_t n = strlen(who->engine_namespace);

	for (uint32_t nth = 0; nth < 8; nth++) {
		struct open_request request = {
			.what = OPEN_CONTAINERD, .nth = nth, .uid = who->uid};
		_cleanup_json_ json_t *json = NULL;
		struct open_answer answer;
		int r;

		who_set(request.id, who->container_id);
		r = state_open(opener, &request, &answer, &json);
		if (r < 0)
			return r;
		if (n && (strncmp(answer.name, who->engine_namespace, n) || answer.name[n] != '/'))
			continue; /* the same name in another namespace */
		if (!strncmp(answer.name, "moby/",
			     5)) { /* Docker's, whose own file was not found: no names here */
			who->runtime = HR_RUNTIME_DOCKER;
			return -EBADMSG;
		}
		who->runtime = HR_RUNTIME_CONTAINERD;
		read_annotations(json_object_get(json, "annotations"), who);
		if (!who->name[0] && !who->container[0] && !who->pod[0] &&
		    !part_is_id(who->container_id))
			who_set(who->name, who->container_id);
		return 0;
	}
	return -ENOENT;
}

const struct runtime runtime_containerd = {
	.runtime = HR_RUNTIME_CONTAINERD,
	.name = "containerd",
	.match = containerd_match,
	.read = containerd_read,
};
