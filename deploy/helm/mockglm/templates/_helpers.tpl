{{- define "mockglm.name" -}}
{{- printf "%s-mockglm" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "mockglm.selector" -}}
app.kubernetes.io/name: mockglm
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mockglm.labels" -}}
{{ include "mockglm.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "mockglm.tokenSecret" -}}
{{- .Values.token.existingSecret | default (printf "%s-token" (include "mockglm.name" .)) -}}
{{- end -}}

{{- define "mockglm.scenarios" -}}
{{- if .Values.existingScenarios -}}
{{ .Values.existingScenarios }}
{{- else if .Values.scenarios -}}
{{ include "mockglm.name" . }}-scenarios
{{- end -}}
{{- end -}}
