{{- /* The networks as Multus reads them: each interface bears the name of its network, as members of slices expect. */ -}}
{{- define "networks" -}}
{{- range $i, $n := .Values.networks }}{{ if $i }},{{ end }}{{ $n }}{{ if not (contains "@" $n) }}@{{ include "interface" $n }}{{ end }}{{ end }}
{{- end }}

{{- /* The interface of one network: LAN, NAMESPACE/LAN or LAN@INTERFACE. */ -}}
{{- define "interface" -}}
{{- regexReplaceAll "^.*[@/]" . "" | trunc 15 }}
{{- end }}
