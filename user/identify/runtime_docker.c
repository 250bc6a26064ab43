// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Docker: /docker/ID, docker-ID.scope, ECS's /ecs/…/ID; names from
 * <data-root>/containers/ID/config.v2.json, which is written before the container's first start.
 * With cri-dockerd the labels hold the pod.
 */
#include <errno.h>
#include <string.h>

#include "../base/cleanup.h"
#include "labels.h"
#include "state.h"

static bool below_ecs(const struct path *path, int i)
{
	while (--i >= 0)
		if (!strcmp(path->part[i], "ecs"))
			return true;
	return false;
}

static bool docker_match(const struct path *path, int i, struct who *who)
{
	const char *part = path->part[i];

	if (part_is_id(part) && i && (!strcmp(path->part[i - 1], "docker") || below_ecs(path, i)))
		who_set(who->container_id, part);
	else if (!part_tagged(part, "docker-", who->container_id) &&
		 !part_tagged(part, ":docker:", who->container_id))
		return false;
	who->runtime = HR_RUNTIME_DOCKER;
	who->kind = HR_KIND_CONTAINER;
	return true;
}

static int docker_read(struct opener *opener, struct who *who)
{
	static const struct state_text labels[] = {
		{"io.kubernetes.container.name", WHO_FIELD(container)},
		{"io.kubernetes.pod.name", WHO_FIELD(pod)},
		{"io.kubernetes.pod.namespace", WHO_FIELD(namespace)},
		{"io.kubernetes.pod.uid", WHO_FIELD(pod_uid)},
	};
	struct open_request request = {.what = OPEN_DOCKER, .uid = who->uid};
	_cleanup_json_ json_t *json = NULL;
	const json_t *config, *label;
	const char *name;
	int r;

	who_set(request.id, who->container_id);
	r = state_open(opener, &request, NULL, &json);
	if (r < 0)
		return r;
	config = json_object_get(json, "Config");
	label = json_object_get(config, "Labels");
	name = state_string(json, "Name");
	if (!name[0])
		return -EBADMSG;
	who->runtime = HR_RUNTIME_DOCKER;
	who_set(who->name, name + (name[0] == '/'));
	who_set(who->image, state_string(config, "Image"));
	state_texts(label, labels, ARRAY_SIZE(labels), who);
	labels_take(label, who);
	if (!strcmp(state_string(label, "io.kubernetes.docker.type"), "podsandbox")) {
		who->kind = HR_KIND_SANDBOX;
		who->container[0] = 0;
	}
	/* "k8s_app_web-0_shop_…": Docker's own name says the same in a worse way */
	if (who->pod[0])
		who->name[0] = 0;
	return 0;
}

const struct runtime runtime_docker = {
	.runtime = HR_RUNTIME_DOCKER,
	.name = "docker",
	.match = docker_match,
	.read = docker_read,
};
