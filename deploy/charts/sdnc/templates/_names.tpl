{{- define "sdnc.secret" -}}
{{- .Values.certificates.existingSecret | default (printf "%s-tls" (include "l2sces.name" .)) -}}
{{- end -}}

{{- define "l2sces.grpc" -}}7002{{- end -}}
