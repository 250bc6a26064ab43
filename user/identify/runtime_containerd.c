// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * containerd: under Kubernetes, by nerdctl, or plain. Names from the annotations of the bundle's
 * config.json, which is created before the cgroup and removed with the container. A bare id in a
 * path counts as containerd's until another engine has a state file for it.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "labels.h"
#include "state_file.h"

/* `ctr run IMAGE web` makes /NAMESPACE/web: only the state file identifies it. */
static bool could_be_ctr(const struct path *path, int i)
{
	const char *part = path->part[i];

	return i == 1 && path->parts == 2 && open_id_valid(part) && !strchr(path->part[0], '.') &&
	       !part_ends(part, ".service") && !part_ends(part, ".scope") &&
	       !part_ends(part, ".slice");
}

static bool containerd_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i];

	if (part_is_id(part) && i && !strcmp(path->part[i - 1], "kata_overhead")) {
		identity_set(identity->container_id, part); /* the pod's hypervisor */
		identity->runtime = HR_RUNTIME_CONTAINERD;
		identity->kind = HR_KIND_SANDBOX;
		return true;
	}
	if (part_is_id(part)) {
		identity_set(identity->container_id, part);
		identity->guess = true;
	} else if (part_tagged(part, "cri-containerd-", identity->container_id) ||
		   part_tagged(part, ":cri-containerd:", identity->container_id)) {
		identity->guess = false;
	} else if (could_be_ctr(path, i)) {
		identity_set(identity->container_id, part);
		identity_set(identity->engine_namespace, path->part[0]);
		identity->probe = true;
	} else {
		return false;
	}
	identity->runtime = HR_RUNTIME_CONTAINERD;
	identity->kind = HR_KIND_CONTAINER;
	return true;
}

static void read_annotations(const json_t *annotations, struct identity *identity)
{
	static const struct state_text table[] = {
		{"io.kubernetes.cri.container-name", IDENTITY_FIELD(container)},
		{"io.kubernetes.cri.sandbox-name", IDENTITY_FIELD(pod)},
		{"io.kubernetes.cri.sandbox-namespace", IDENTITY_FIELD(namespace)},
		{"io.kubernetes.cri.sandbox-uid", IDENTITY_FIELD(pod_uid)},
		{"io.kubernetes.cri.image-name", IDENTITY_FIELD(image)},
		{"nerdctl/name", IDENTITY_FIELD(name)},
	};

	state_texts(annotations, table, ARRAY_SIZE(table), identity);
	labels_take(annotations, identity);
	if (!strcmp(state_string(annotations, "io.kubernetes.cri.container-type"), "sandbox")) {
		identity->kind = HR_KIND_SANDBOX;
		identity->container[0] = 0;
	}
	if (state_string(annotations, "nerdctl/name")[0] ||
	    state_string(annotations, "nerdctl/namespace")[0])
		identity->runtime = HR_RUNTIME_NERDCTL;
}

/* `nerdctl rename` changes containerd's database, which is none of ours to read, and the name beside the container's
 * /etc/hosts (nerdctl: pkg/dnsutil/hostsstore); the annotation keeps the first name. */
static void read_new_name(struct opener *opener, struct identity *identity)
{
	struct open_request request = {.what = OPEN_NERDCTL, .uid = identity->uid};
	_cleanup_json_ json_t *json = NULL;

	identity_set(request.id, identity->container_id);
	if (state_open(opener, &request, NULL, &json) == 0 &&
	    !strcmp(state_string(json, "ID"), identity->container_id) &&
	    state_string(json, "Name")[0])
		identity_set(identity->name, state_string(json, "Name"));
}

static int containerd_read(struct opener *opener, struct identity *identity)
{
	size_t n = strlen(identity->engine_namespace);

	for (uint32_t nth = 0; nth < 8; nth++) {
		struct open_request request = {
			.what = OPEN_CONTAINERD, .nth = nth, .uid = identity->uid};
		_cleanup_json_ json_t *json = NULL;
		struct open_answer answer;
		int r;

		identity_set(request.id, identity->container_id);
		r = state_open(opener, &request, &answer, &json);
		if (r < 0)
			return r;
		if (n &&
		    (strncmp(answer.name, identity->engine_namespace, n) || answer.name[n] != '/'))
			continue; /* the same name in another namespace */
		if (!strncmp(answer.name, "moby/",
			     5)) { /* Docker's, but its own file was not found: no names here */
			identity->runtime = HR_RUNTIME_DOCKER;
			return -EBADMSG;
		}
		identity->runtime = HR_RUNTIME_CONTAINERD;
		read_annotations(json_object_get(json, "annotations"), identity);
		if (identity->runtime == HR_RUNTIME_NERDCTL)
			read_new_name(opener, identity);
		if (!identity->name[0] && !identity->container[0] && !identity->pod[0] &&
		    !part_is_id(identity->container_id))
			identity_set(identity->name, identity->container_id);
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
