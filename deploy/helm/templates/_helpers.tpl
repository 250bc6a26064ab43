{{- /* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */ -}}
{{- /* Names are fixed: two releases would share the node's /run/headroom, so Helm refuses the second one for the ClusterRole. */ -}}

{{- define "headroom.labels" -}}
app.kubernetes.io/name: headroom
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "headroom.image" -}}
{{- if contains "@" .name }}{{ .name }}{{ else }}{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- /* What every container but the daemon has. */ -}}
{{- define "headroom.unprivileged" -}}
runAsGroup: 9477
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "headroom.config" -}}
{{ omit .Values.config "protect" | toYaml }}
protect:
  {{- range .Values.config.protect }}
  - {{ . | quote }}
  {{- end }}
  - {{ printf "namespace:%s" .Release.Namespace | quote }}
{{- end -}}

{{- define "headroom.port" -}}
{{ splitList ":" .Values.config.export.prometheus.listen | last }}
{{- end -}}

{{- /* Not empty: the exporter uses the API. */ -}}
{{- define "headroom.uses-api" -}}
{{- if .Values.exporter.enabled }}{{ if hasKey .Values.config.export "kubernetes" }}yes{{ end }}{{ end -}}
{{- end -}}

{{- /* Not empty: the daemon has the rights for actions. */ -}}
{{- define "headroom.acts" -}}
{{- if ne .Values.config.mode "observe" }}yes{{ end -}}
{{- end -}}
