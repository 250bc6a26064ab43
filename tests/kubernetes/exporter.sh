# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# A real Prometheus on the node finds the exporter by pod discovery, as the annotations of the DaemonSet say, and scrapes it; series
# are of containers only and carry namespace, pod and container of what is measured.
. "$(dirname "$0")/lib.inc"

prometheus_pid=
scenario_clean_up() { [ -z "$prometheus_pid" ] || kill -TERM "$prometheus_pid"; }
cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: pods
    kubernetes_sd_configs:
      - role: pod
        api_server: https://127.0.0.1:443
        authorization: {credentials: test-admin}
        tls_config: {ca_file: $NODE/api.crt}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], regex: "true", action: keep}
      - {source_labels: [__meta_kubernetes_pod_container_port_name], regex: metrics, action: keep}
      - {source_labels: [__meta_kubernetes_pod_node_name], target_label: instance}
END
pod_create watched Never app 32Mi 'exec sleep 1000' side 32Mi 'exec sleep 1000'
on_node prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:9090 \
	>"$work/prometheus.log" 2>&1 &
prometheus_pid=$!
query() { on_node curl -fsS --max-time 5 -G http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" | jq -c .data.result; }
answers() { on_node curl -fsS http://127.0.0.1:9090/-/ready; }
wait_for 20 answers || { tail -n 3 "$work/prometheus.log" >&2; fail 'Prometheus does not start'; }
found() { query 'headroom_container_memory_usage_bytes{pod="watched"}' | ask 'length >= 2'; }
wait_for 60 found || { on_node curl -s http://127.0.0.1:9090/api/v1/targets | cut -c 1-2000 >&2; tail -n 3 "$work/prometheus.log" >&2; fail 'nothing was scraped'; }
query 'headroom_container_memory_usage_bytes{pod="watched"}' |
	expect 'length == 2 and (map(.metric.container) | sort) == ["app", "side"] and all(.[].metric; .namespace == "test" and .instance == "node-1")'
query 'up{job="pods"}' | expect 'length == 1 and .[0].value[1] == "1"'
query 'headroom_guard_up' | expect 'length == 1 and .[0].value[1] == "1"'
# Each container of the node once: as many series as the API server has running containers, and no other pod.
containers=$(kubectl get pods -A -o json | jq '[.items[].status.containerStatuses[]? | select(.state.running)] | length')
query 'headroom_container_memory_usage_bytes{pod!=""}' | expect "length == $containers" 'one series a container'
echo "$containers running containers, as many series"
pod_delete watched
