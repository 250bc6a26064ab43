# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# What is wrong with a list of Kubernetes objects, one line each: fields that the API does not know or that are missing, values
# of another type, and references that lead nowhere. Wants $types (schema.json's and schema-operator.json's) and $version.
def one_of: {
	"DaemonSetUpdateStrategy.type": ["RollingUpdate", "OnDelete"], "Toleration.operator": ["Exists", "Equal"],
	"HostPathVolumeSource.type": ["Directory", "DirectoryOrCreate", "File", "Socket"],
	"SeccompProfile.type": ["RuntimeDefault", "Unconfined"], "AppArmorProfile.type": ["RuntimeDefault", "Unconfined"],
	"VolumeMount.mountPropagation": ["None", "HostToContainer", "Bidirectional"], "ContainerPort.protocol": ["TCP", "UDP"],
	"Container.imagePullPolicy": ["Always", "IfNotPresent", "Never"], "PodSpec.restartPolicy": ["Always", "OnFailure", "Never"],
	"Container.restartPolicy": ["Always"], "EmptyDirVolumeSource.medium": ["", "Memory"],
	"RelabelConfig.action": ["replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep"],
	"Subject.kind": ["ServiceAccount"], "RoleRef.kind": ["Role", "ClusterRole"],
	"Capabilities.add": ["BPF", "PERFMON", "DAC_READ_SEARCH", "CHOWN", "SETUID", "SETGID", "SETPCAP", "IPC_LOCK", "SYS_RESOURCE",
		"KILL", "SYS_NICE", "SYS_PTRACE"], "Capabilities.drop": ["ALL"]};
def quantity: type == "string" and test("^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$");
def duration: type == "string" and test("^([0-9]+(ms|s|m|h|d))+$");
def basic: {string: (type == "string"), number: (type == "number" and floor == .), boolean: (type == "boolean"),
	quantity: quantity, duration: duration};
def wrong($at; $want; $place):
	. as $v
	| if $want | contains("|") then (if any($want | split("|")[]; . as $t | $v | basic[$t]) then empty else "\($at): not a \($want)" end)
	elif $want | endswith("[]") then
		if type != "array" then "\($at): not a list"
		else range(length) as $i | $v[$i] | wrong("\($at)[\($i)]"; $want[:-2]; $place) end
	elif $want | startswith("{") then
		if type != "object" then "\($at): not a mapping"
		else keys[] as $k | $v[$k] | wrong("\($at).\($k)"; $want[1:-1]; "") end
	elif basic[$want] != null then
		(if basic[$want] then empty else "\($at): \(tojson) is no \($want)" end),
		(if one_of[$place] and (IN($v; one_of[$place][]) | not) then "\($at): \(tojson) is none of \(one_of[$place])" else empty end)
	elif $types[$want] then
		if type != "object" then "\($at): not a mapping" else
		(keys[] | select($types[$want][.] == null) | "\($at).\(.): no such field of \($want)"),
		($types[$want] | to_entries[] | select(.value[1]) | .key | select($v[.] == null) | "\($at).\(.): missing"),
		(keys[] as $k | select($types[$want][$k]) | $v[$k] | wrong("\($at).\($k)"; $types[$want][$k][0]; "\($want).\($k)")) end
	elif $want | startswith("=") then (if $v == $want[1:] then empty else "\($at): \(tojson) is not \($want[1:])" end)
	else "\($at): a type that the schema lacks: \($want)" end;

def name_of: "\(.kind)/\(.metadata.name)";
def twice: group_by(.) | map(select(length > 1) | .[0])[];
def cluster_wide: .kind | IN("Namespace", "ClusterRole", "ClusterRoleBinding");
def bytes: capture("^(?<n>[0-9.]+)(?<u>.*)$") | (.n | tonumber) * {"": 1, m: 0.001, Ki: 1024, Mi: 1048576, Gi: 1073741824}[.u];
def subset($of): . as $a | all(keys[]; $a[.] == $of[.]);
def has_object($all; $kind; $name): any($all[]; .kind == $kind and .metadata.name == $name);

# A pod's spec, `at` its place.
def pod_wrongs($all; $at):
	. as $pod
	| ((.containers + (.initContainers // [])) as $containers
	| ($containers | map(.name) | twice | "\($at): two containers \(.)"),
	([$pod.volumes[]?.name] | twice | "\($at): two volumes \(.)"),
	([$containers[].ports[]? | .name // empty] | twice | "\($at): two ports \(.)"),
	($pod.volumes[]?.name | select(IN($containers[].volumeMounts[]?.name) | not) | "\($at): no container mounts the volume \(.)"),
	($containers[] | . as $c | "\($at).\(.name)" as $at | any($pod.initContainers[]?; .name == $c.name) as $init
		| (.volumeMounts[]? | select(.name | IN($pod.volumes[]?.name) | not) | "\($at): no volume \(.name)"),
		([.volumeMounts[]?.mountPath] | twice | "\($at): two mounts at \(.)"),
		(.volumeMounts[]?.mountPath | select(startswith("/") | not) | "\($at): \(.) is not absolute"),
		((.readinessProbe, .livenessProbe, .startupProbe) // empty | .httpGet // empty | .port
			| select(IN($c.ports[]? | .name, .containerPort) | not) | "\($at): probes the port \(.), which is none of its ports"),
		((.readinessProbe, .livenessProbe, .startupProbe) // empty | select([.httpGet, .exec, .tcpSocket, .grpc] | map(values) | length != 1)
			| "\($at): a probe asks in one way"),
		(.ports[]?.name // empty | select(test("^[a-z0-9-]{1,15}$") | not) | "\($at): a port can't be named \(.)"),
		(.resources // {} | .requests // {} | to_entries[] | . as $r | $c.resources.limits[.key] // empty
			| select(($r.value | bytes) > bytes) | "\($at): asks for more \($r.key) than its limit"),
		(if .securityContext.readOnlyRootFilesystem != true then "\($at): may write to its root" else empty end),
		(if .securityContext.privileged then "\($at): is privileged" else empty end),
		(if .securityContext.allowPrivilegeEscalation != false then "\($at): may gain rights" else empty end),
		(if .securityContext.capabilities.drop != ["ALL"] then "\($at): keeps the runtime's capabilities" else empty end),
		(.securityContext.capabilities.add // [] | select(length > 0 and $c.name != "daemon" and ((. == ["CHOWN"] and $init) | not))
			| "\($at): has capabilities; only the daemon may, and CHOWN an init container"),
		(if .securityContext.runAsNonRoot or $init or $c.name == "daemon" or (.image | startswith("headroom-") | not) then empty else "\($at): may run as root" end),
		([.volumeMounts[]? | select($c.name != "daemon" and (.mountPath | startswith("/run/headroom-control"))) | .mountPath][]
			| "\($at): has the control socket"),
		(if .resources.requests.memory and .resources.limits.memory then empty else "\($at): asks for no memory, or has no limit" end),
		(if .resources.limits.cpu then "\($at): would be throttled" else empty end),
		(select(.image | startswith("headroom-")) | select(.image | endswith(":\($version)") | not) | "\($at): \(.image) is not of version \($version)")),
	($pod.volumes[]? | ., .projected.sources[]? | .configMap // empty | .name | select(. != "kube-root-ca.crt")
		| select(has_object($all; "ConfigMap"; .) | not) | "\($at): no ConfigMap \(.)"),
	($pod.volumes[]? | select(keys | length != 2) | "\($at): the volume \(.name) is of one kind"),
	($pod.serviceAccountName // empty | select(has_object($all; "ServiceAccount"; .) | not) | "\($at): no ServiceAccount \(.)"));

def object_wrongs($all):
	name_of as $at | . as $o
	| (if (cluster_wide | not) and .metadata.namespace == null then "\($at): in no namespace" else empty end),
	(.metadata.namespace // empty | select(any($all[]; .kind == "Namespace") and (has_object($all; "Namespace"; .) | not)) | "\($at): no Namespace \(.)"),
	(.metadata.name | select(test("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$") | not) | "\($at): no name for an object"),
	(.metadata.labels // {} | to_entries[] | select(.value | test("^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$") and length < 64 | not) | "\($at): no value for a label: \(.value)"),
	(select(.kind | IN("DaemonSet", "Deployment")) | .spec.template as $t
		| (if .spec.selector.matchLabels | subset($t.metadata.labels) then empty else "\($at): does not select its own pods" end),
		($t.metadata.annotations["prometheus.io/port"] // empty | select(IN($t.spec.containers[].ports[]?.containerPort | tostring) | not)
			| "\($at): no container has the annotation's port \(.)"),
		($t.spec | pod_wrongs($all; $at))),
	(select(.kind == "Pod") | .spec | pod_wrongs($all; $at)),
	(select(.kind | endswith("Binding")) | .roleRef.name | select(startswith("system:") | not)
		| select(has_object($all; $o.roleRef.kind; .) | not) | "\($at): no \($o.roleRef.kind) \(.)"),
	(select(.kind | endswith("Binding")) | .subjects[] | . as $s | select(any($all[]; .kind == $s.kind and .metadata.name == $s.name
		and .metadata.namespace == $s.namespace) | not) | "\($at): no \(.kind) \(.namespace)/\(.name)"),
	(select(.kind | endswith("Role")) | .rules[] | select(any(.verbs[], .resources[], .apiGroups[]; . == "*")) | "\($at): more than it needs: *"),
	(select(.kind == "PodMonitor") | .spec as $m | [$all[] | select(.kind | IN("DaemonSet", "Deployment")) | .spec.template
		| select(.metadata.labels as $l | $m.selector.matchLabels | subset($l))] as $pods
		| (if $pods == [] then "\($at): selects no pod" else empty end),
		($m.podMetricsEndpoints[].port | select(IN($pods[].spec.containers[].ports[]?.name) | not) | "\($at): no container has a port \(.)"));

. as $all
| ($all | map("\(name_of) in \(.metadata.namespace)") | twice | "two of \(.)"),
($all[] | . as $o | if $types[.kind] then name_of as $at | wrong($at; $o.kind; "") else "\(.kind): not a kind that we know" end),
($all[] | object_wrongs($all))
