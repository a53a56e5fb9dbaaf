{{- define "sco.secret" -}}
{{- .Values.certificates.existingSecret | default (printf "%s-tls" (include "l2sces.name" .)) -}}
{{- end -}}

{{- define "sco.pluginSecret" -}}
{{- .Values.certificates.existingPluginSecret | default (printf "%s-plugin-tls" (include "l2sces.name" .)) -}}
{{- end -}}

{{- define "l2sces.grpc" -}}7001{{- end -}}
