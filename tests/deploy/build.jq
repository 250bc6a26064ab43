# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What kustomize does to a list of objects, as far as our overlays use it: strategic merge patches, image tags, the
# namespace. run compares the result with kustomize's own where that is here.
def keys_of_lists: {containers: "name", initContainers: "name", volumes: "name", env: "name", volumeMounts: "mountPath",
	ports: "containerPort"};
def merge($patch; $name):
	if ($patch | type) == "object" and type == "object" then
		reduce ($patch | keys_unsorted[]) as $k (.; if $patch[$k] == null then del(.[$k])
			elif has($k) then .[$k] |= merge($patch[$k]; $k) else .[$k] = $patch[$k] end)
	elif ($patch | type) == "array" and type == "array" and (keys_of_lists | has($name)) then
		keys_of_lists[$name] as $key
		| reduce $patch[] as $p (.; (map(.[$key]) | index($p[$key])) as $i
			| if $i == null then . + [$p] else .[$i] |= merge($p; "") end)
	else $patch end;
def same($o): .kind == $o.kind and .apiVersion == $o.apiVersion and .metadata.name == $o.metadata.name;
def patched($patch):
	if any(.[]; same($patch)) then map(if same($patch) then merge($patch; "") else . end)
	else error("the patch of \($patch.kind) \($patch.metadata.name) has nothing to patch") end;
def tagged($images): reduce $images[] as $i (.;
	walk(if type == "object" and (.image? | type) == "string" and (.image | split(":")[0]) == $i.name
		then .image = "\($i.newName // $i.name):\($i.newTag)" else . end));
def cluster_wide: .kind | IN("Namespace", "ClusterRole", "ClusterRoleBinding");
def in_namespace($n): if $n == null then . else map(if cluster_wide then . else .metadata.namespace = $n end) end;
