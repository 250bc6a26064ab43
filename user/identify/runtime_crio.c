// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * CRI-O: crio-ID[.scope], its supervisor crio-conmon-ID.scope; names from the annotations of
 * userdata/config.json below the storage's run directory.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "labels.h"
#include "state_file.h"

static bool crio_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i];

	if (part_tagged(part, "crio-conmon-", identity->container_id))
		identity->kind = HR_KIND_SANDBOX;
	else if (part_tagged(part, "crio-", identity->container_id) ||
		 part_tagged(part, ":crio:", identity->container_id))
		identity->kind = HR_KIND_CONTAINER;
	else
		return false;
	identity->runtime = HR_RUNTIME_CRIO;
	return true;
}

/* A JSON document in a string: the Kubernetes labels. */
static void take_labels(const char *document, struct identity *identity)
{
	_cleanup_free_ char *text = strdup(document);
	_cleanup_json_ json_t *json = NULL;

	if (text && state_parse(text, strlen(text), STATE_USER_BYTES, &json) == 0)
		labels_take(json, identity);
}

static int crio_read(struct opener *opener, struct identity *identity)
{
	static const struct state_text table[] = {
		{"io.kubernetes.container.name", IDENTITY_FIELD(container)},
		{"io.kubernetes.pod.name", IDENTITY_FIELD(pod)},
		{"io.kubernetes.pod.namespace", IDENTITY_FIELD(namespace)},
		{"io.kubernetes.pod.uid", IDENTITY_FIELD(pod_uid)},
		{"io.kubernetes.cri-o.ImageName", IDENTITY_FIELD(image)},
	};
	struct open_request request = {.what = OPEN_CRIO};
	_cleanup_json_ json_t *json = NULL;
	const json_t *annotations;
	int r;

	identity_set(request.id, identity->container_id);
	r = state_open(opener, &request, NULL, &json);
	if (r < 0)
		return r;
	annotations = json_object_get(json, "annotations");
	if (!strcmp(state_string(annotations, "io.container.manager"), "libpod"))
		return -ENOENT; /* Podman keeps such a file in the same place */
	identity->runtime = HR_RUNTIME_CRIO;
	state_texts(annotations, table, ARRAY_SIZE(table), identity);
	labels_take(annotations, identity);
	take_labels(state_string(annotations, "io.kubernetes.cri-o.Labels"), identity);
	if (!strcmp(state_string(annotations, "io.kubernetes.cri-o.ContainerType"), "sandbox")) {
		identity->kind = HR_KIND_SANDBOX;
		identity->container[0] = 0;
	}
	return identity->container[0] || identity->pod[0] ? 0 : -EBADMSG;
}

const struct runtime runtime_crio = {
	.runtime = HR_RUNTIME_CRIO,
	.name = "crio",
	.match = crio_match,
	.read = crio_read,
};
