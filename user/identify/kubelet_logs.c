// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The kubelet's log names: /var/log/containers/<pod>_<ns>_<container>-ID.log, a link to
 * /var/log/pods/<ns>_<pod>_<uid>/<container>/N.log. No file is opened; names of pods, namespaces
 * and containers are DNS labels and hold no "_".
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "identity.h"

int log_parse_container(const char *name, struct identity *identity)
{
	const char *namespace = strchr(name, '_');
	const char *container = namespace ? strchr(namespace + 1, '_') : NULL;
	size_t n = strlen(name), tail = 1 + IDENTITY_ID_HEX + 4; /* "-ID.log" */

	if (!container || n < tail || name + n - tail <= container + 1 || name[n - tail] != '-')
		return -EBADMSG;
	identity_copy(identity->pod, sizeof(identity->pod), name, (size_t)(namespace - name));
	identity_copy(identity->namespace, sizeof(identity->namespace), namespace + 1,
		      (size_t)(container - namespace - 1));
	identity_copy(identity->container, sizeof(identity->container), container + 1,
		      (size_t)(name + n - tail - container - 1));
	return 0;
}

int log_parse_pod(const char *name, size_t n, struct identity *identity)
{
	const char *pod = memchr(name, '_', n);
	const char *uid = pod ? memchr(pod + 1, '_', n - (size_t)(pod + 1 - name)) : NULL;

	if (!uid || pod == name || uid == pod + 1 || uid + 1 == name + n)
		return -EBADMSG;
	identity_copy(identity->namespace, sizeof(identity->namespace), name, (size_t)(pod - name));
	identity_copy(identity->pod, sizeof(identity->pod), pod + 1, (size_t)(uid - pod - 1));
	identity_copy(identity->pod_uid, sizeof(identity->pod_uid), uid + 1,
		      (size_t)(name + n - uid - 1));
	return 0;
}

int log_container(struct opener *opener, struct identity *identity)
{
	struct open_request request = {.what = OPEN_LOG_CONTAINER};
	struct open_answer answer;
	_cleanup_close_ int fd = -1;
	const char *at;
	int r;

	identity_set(request.id, identity->container_id);
	r = opener_ask(opener, &request, &answer, &fd);
	if (r < 0)
		return r;
	r = log_parse_container(answer.name, identity);
	if (r < 0)
		return r;
	at = strstr(answer.link, "/pods/");
	if (at && !identity->pod_uid[0]) {
		at += strlen("/pods/");
		log_parse_pod(at, strcspn(at, "/"), identity);
	}
	return 0;
}

int log_pod(struct opener *opener, struct identity *identity)
{
	struct open_request request = {.what = OPEN_LOG_POD};
	struct open_answer answer;
	_cleanup_close_ int fd = -1;
	int r;

	identity_set(request.id, identity->pod_uid);
	r = opener_ask(opener, &request, &answer, &fd);
	if (r < 0)
		return r;
	return log_parse_pod(answer.name, strlen(answer.name), identity);
}
