// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * CRI-O: crio-ID[.scope], its supervisor crio-conmon-ID.scope; names from the annotations of
 * userdata/config.json below the storage's run directory.
 */
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "labels.h"
#include "state.h"

static bool crio_match(const struct path *path, int i, struct who *who)
{
	const char *part = path->part[i];

	if (part_tagged(part, "crio-conmon-", who->container_id))
		who->kind = HR_KIND_SANDBOX;
	else if (part_tagged(part, "crio-", who->container_id) ||
		 part_tagged(part, ":crio:", who->container_id))
		who->kind = HR_KIND_CONTAINER;
	else
		return false;
	who->runtime = HR_RUNTIME_CRIO;
	return true;
}

/* A JSON document of its own, in a string: the Kubernetes labels. */
static void take_labels(const char *document, struct who *who)
{
	_cleanup_free_ char *text = strdup(document);
	_cleanup_json_ json_t *json = NULL;

	if (text && state_parse(text, strlen(text), &json) == 0)
		labels_take(json, who);
}

static int crio_read(struct opener *opener, struct who *who)
{
	static const struct state_text table[] = {
		{"io.kubernetes.container.name", WHO_FIELD(container)},
		{"io.kubernetes.pod.name", WHO_FIELD(pod)},
		{"io.kubernetes.pod.namespace", WHO_FIELD(namespace)},
		{"io.kubernetes.pod.uid", WHO_FIELD(pod_uid)},
		{"io.kubernetes.cri-o.ImageName", WHO_FIELD(image)},
	};
	struct open_request request = {.what = OPEN_CRIO};
	_cleanup_json_ json_t *json = NULL;
	const json_t *annotations;
	int r;

	who_set(request.id, who->container_id);
	r = state_open(opener, &request, NULL, &json);
	if (r < 0)
		return r;
	annotations = json_object_get(json, "annotations");
	if (!strcmp(state_string(annotations, "io.container.manager"), "libpod"))
		return -ENOENT; /* Podman keeps such a file in the same place */
	who->runtime = HR_RUNTIME_CRIO;
	state_texts(annotations, table, ARRAY_SIZE(table), who);
	labels_take(annotations, who);
	take_labels(state_string(annotations, "io.kubernetes.cri-o.Labels"), who);
	if (!strcmp(state_string(annotations, "io.kubernetes.cri-o.ContainerType"), "sandbox")) {
		who->kind = HR_KIND_SANDBOX;
		who->container[0] = 0;
	}
	return who->container[0] || who->pod[0] ? 0 : -EBADMSG;
}

const struct runtime runtime_crio = {
	.runtime = HR_RUNTIME_CRIO,
	.name = "crio",
	.match = crio_match,
	.read = crio_read,
};
