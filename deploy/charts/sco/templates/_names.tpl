{{- define "sco.secret" -}}
{{- .Values.certificates.existingSecret | default (printf "%s-tls" (include "l2sces.name" .)) -}}
{{- end -}}

{{- define "sco.pluginSecret" -}}
{{- .Values.certificates.existingPluginSecret | default (printf "%s-plugin-tls" (include "l2sces.name" .)) -}}
{{- end -}}

{{- /* What cannot be together. */ -}}
{{- define "sco.check" -}}
{{- $osm := .Values.plugin.osm -}}
{{- if and $osm.enabled (not .Values.plugin.enabled) -}}
{{- fail "plugin.osm.enabled: plugin.enabled is false" -}}
{{- end -}}
{{- if and $osm.enabled (gt (int .Values.replicas) 1) -}}
{{- fail "plugin.osm.enabled: each replica would keep a book of its own: take replicas: 1" -}}
{{- end -}}
{{- if and $osm.enabled (not $osm.existingSecret) -}}
{{- fail "plugin.osm.existingSecret: name the Secret with accounts.yaml" -}}
{{- end -}}
{{- with .Values.plugin.nbi -}}
{{- if and .url (not $osm.enabled) -}}
{{- fail "plugin.nbi.url: wants plugin.osm.enabled" -}}
{{- end -}}
{{- if and .url (not (and .user .existingSecret)) -}}
{{- fail "plugin.nbi: give user and existingSecret with the file password" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "l2sces.grpc" -}}7001{{- end -}}
