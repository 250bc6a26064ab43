# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A pod of two containers: each is listed by pod, namespace, container and image, the sandbox is none of them, and a person sees
# the same in the daemon's pod.
. "$(dirname "$0")/lib.inc"

pod_create pair Never web 32Mi 'exec sleep 1000' store 48Mi 'exec sleep 1000'
both() { snapshot | ask "[.containers[] | $(of_pod pair) | select(.state == \"running\")] | length == 2"; }
began=$(now)
wait_for 60 both || { snapshot | jq -c '.containers[] | {cgroup, name, pod, kind, state}' >&2; fail 'the containers are not listed by name'; }
echo "two containers by name $(($(now) - began))0 ms after apply"
uid=$(kubectl -n test get pod pair -o jsonpath='{.metadata.uid}')
status=$(pod_status pair)
for name in web store; do
	id=$(printf '%s' "$status" | jq -r ".containerStatuses[] | select(.name == \"$name\") | .containerID | ltrimstr(\"containerd://\")")
	snapshot | jq ".containers[] | $(of_pod pair) | select(.container == \"$name\")" |
		expect ".container_id == \"$id\" and .pod_uid == \"$uid\" and .runtime == \"containerd\" and (.image | endswith(\"headroom-test:1\"))"
done
snapshot | jq '[.containers[] | select(.namespace == "test" and .pod == "pair" and .kind == "sandbox")]' | expect 'length == 1' 'one sandbox, named so'
exec_in daemon headroom ls >"$work/listed" || fail 'headroom ls in the daemon'
grep -c 'pair' "$work/listed" | grep -qx 2 || { cat "$work/listed" >&2; fail 'a person does not see two containers of the pod'; }
! grep -i pause "$work/listed" || fail 'a sandbox is listed'
pod_delete pair
gone() { snapshot | ask "[.containers[] | $(of_pod pair) | select(.state == \"running\")] == []"; }
wait_for 20 gone || fail 'a deleted pod is listed as running'
