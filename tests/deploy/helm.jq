# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Helm's merge of values, and paths for the filters in helm-cases.yaml.
def merged($over): if type == "object" and ($over | type) == "object" then
	reduce ($over | keys_unsorted[]) as $k (.; if $over[$k] == null then del(.[$k]) else .[$k] |= merged($over[$k]) end)
	else $over end;
def leaves: [paths(type != "object" or . == {})] | map(.[:map(type == "number") | index(true)]) | unique;
def covers($leaf): . as $p | ([$p, $leaf | length] | min) as $n | $p[:$n] == $leaf[:$n];

def object($kind): .[] | select(.kind == $kind);
def configuration: object("ConfigMap").data["headroom.yaml"];
def annotations: object("DaemonSet").spec.template.metadata.annotations;
def pod: object("DaemonSet").spec.template.spec;
def all_containers: pod | .containers[], .initContainers[]?;
def container($name): pod.containers[] | select(.name == $name);
def volume($name): pod.volumes[] | select(.name == $name);
def without_api: del(object("ClusterRole", "ClusterRoleBinding")) | del(volume("token"))
	| del(container("exporter").volumeMounts[] | select(.name == "token"));

# What the chart adds, and kustomize's Namespace.
def plain: del(.[] | select(.kind == "Namespace"))
	| del(.[].metadata.labels["helm.sh/chart", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/version"])
	| del(annotations["checksum/config"]);
