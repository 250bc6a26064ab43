// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Docker (and balenaEngine): /docker/ID, docker-ID.scope, ECS's /ecs/…/ID; names from
 * <data-root>/containers/ID/config.v2.json, which is written before the container's first start.
 * With cri-dockerd the labels hold the pod.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "labels.h"
#include "state_file.h"

static bool below_ecs(const struct path *path, int i)
{
	while (--i >= 0)
		if (!strcmp(path->part[i], "ecs"))
			return true;
	return false;
}

/* balenaEngine is a Docker of another name. */
static bool engine_parent(const char *part)
{
	return !strcmp(part, "docker") || !strcmp(part, "balena") || !strcmp(part, "balena-engine");
}

static bool docker_match(const struct path *path, int i, struct identity *identity)
{
	const char *part = path->part[i];

	if (part_is_id(part) && i && (engine_parent(path->part[i - 1]) || below_ecs(path, i)))
		identity_set(identity->container_id, part);
	else if (!part_tagged(part, "docker-", identity->container_id) &&
		 !part_tagged(part, ":docker:", identity->container_id) &&
		 !part_tagged(part, "balena-", identity->container_id) &&
		 !part_tagged(part, "balena-engine-", identity->container_id) &&
		 !part_tagged(part, ":balena-engine:", identity->container_id))
		return false;
	identity->runtime = HR_RUNTIME_DOCKER;
	identity->kind = HR_KIND_CONTAINER;
	return true;
}

static int docker_read(struct opener *opener, struct identity *identity)
{
	static const struct state_text labels[] = {
		{"io.kubernetes.container.name", IDENTITY_FIELD(container)},
		{"io.kubernetes.pod.name", IDENTITY_FIELD(pod)},
		{"io.kubernetes.pod.namespace", IDENTITY_FIELD(namespace)},
		{"io.kubernetes.pod.uid", IDENTITY_FIELD(pod_uid)},
	};
	struct open_request request = {.what = OPEN_DOCKER, .uid = identity->uid};
	_cleanup_json_ json_t *json = NULL;
	const json_t *config, *label;
	const char *name;
	int r;

	identity_set(request.id, identity->container_id);
	r = state_open(opener, &request, NULL, &json);
	if (r < 0)
		return r;
	config = json_object_get(json, "Config");
	label = json_object_get(config, "Labels");
	name = state_string(json, "Name");
	if (!name[0])
		return -EBADMSG;
	identity->runtime = HR_RUNTIME_DOCKER;
	identity_set(identity->name, name + (name[0] == '/'));
	identity_set(identity->image, state_string(config, "Image"));
	state_texts(label, labels, ARRAY_SIZE(labels), identity);
	labels_take(label, identity);
	if (!strcmp(state_string(label, "io.kubernetes.docker.type"), "podsandbox")) {
		identity->kind = HR_KIND_SANDBOX;
		identity->container[0] = 0;
	}
	/* "k8s_app_web-0_shop_…": Docker's own name holds the same in a less readable form */
	if (identity->pod[0])
		identity->name[0] = 0;
	return 0;
}

const struct runtime runtime_docker = {
	.runtime = HR_RUNTIME_DOCKER,
	.name = "docker",
	.match = docker_match,
	.read = docker_read,
};
