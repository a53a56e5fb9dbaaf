{{- /* What sco and sdnc have in common. The file is the same in both; a test compares. */ -}}

{{- define "l2sces.etcd" -}}
{{- with .Values.store.etcd.endpoints -}}yes{{- end -}}
{{- end -}}

{{- /* Refuses what a schema cannot say. */ -}}
{{- define "l2sces.check" -}}
{{- if and (gt (int .Values.replicas) 1) (not (include "l2sces.etcd" .)) -}}
{{- fail (printf "replicas: %d share no file: give store.etcd.endpoints, or take 1" (int .Values.replicas)) -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) .Values.persistence.existingClaim -}}
{{- fail "persistence.existingClaim: several replicas share no volume: leave it empty, or take 1" -}}
{{- end -}}
{{- end -}}

{{- define "l2sces.store" -}}
{{- if include "l2sces.etcd" . -}}
etcd://{{ join "," .Values.store.etcd.endpoints }}/{{ .Values.store.etcd.prefix | trimPrefix "/" }}?lease={{ .Values.store.etcd.lease }}
{{- else -}}
/var/lib/l2sces/store.db
{{- end -}}
{{- end -}}

{{- /* Names of the replicas' pods, each with a port, with commas between. */ -}}
{{- define "l2sces.replicas" -}}
{{- $name := include "l2sces.name" .root -}}
{{- $all := list -}}
{{- range $i := until (int .root.Values.replicas) -}}
{{- $all = append $all (printf "%s-%d.%s-peers.%s.svc:%d" $name $i $name $.root.Release.Namespace (int $.port)) -}}
{{- end -}}
{{- join "," $all -}}
{{- end -}}

{{- /* The options that both programs have. */ -}}
{{- define "l2sces.controller" -}}
{{- $several := gt (int .Values.replicas) 1 -}}
- --listen={{ if include "l2sces.etcd" . }}{{ include "l2sces.self" . }}{{ end }}:{{ include "l2sces.grpc" . }}
- --openflow=:6653
{{- if .Values.openflow.advertise }}
- --openflow-advertise={{ .Values.openflow.advertise }}
{{- else if $several }}
- --openflow-advertise=$(POD_NAME).{{ include "l2sces.name" . }}-peers.{{ .Release.Namespace }}.svc:6653
{{- else }}
- --openflow-advertise={{ include "l2sces.self" . }}:6653
{{- end }}
{{- if .Values.openflow.replicas }}
- --replicas={{ join "," .Values.openflow.replicas }}
{{- else if $several }}
- --replicas={{ include "l2sces.replicas" (dict "root" . "port" 6653) }}
{{- end }}
- --store={{ include "l2sces.store" . }}
- --rest=:8443
- --admin=:9090
- --tls-cert=/run/l2sces/tls/tls.crt
- --tls-key=/run/l2sces/tls/tls.key
- --tls-ca=/run/l2sces/tls/ca.crt
- --vni-first={{ int64 .Values.vni.first }}
- --vni-last={{ int64 .Values.vni.last }}
- --flows={{ int64 .Values.openflow.flows }}
- --bfd={{ .Values.links.bfd }}
- --probe-interval={{ .Values.links.probeInterval }}
- --log-level={{ .Values.logLevel }}
{{- end -}}

{{- define "l2sces.claims" -}}
{{- if and .Values.persistence.enabled (not .Values.persistence.existingClaim) -}}yes{{- end -}}
{{- end -}}

{{- /* The volume of the store, where no template of a claim makes it. */ -}}
{{- define "l2sces.data" -}}
{{- if .Values.persistence.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim }}
{{- else if not (include "l2sces.claims" .) }}
- name: data
  emptyDir:
    sizeLimit: {{ .Values.persistence.size }}
{{- end }}
{{- end -}}

{{- define "l2sces.claimTemplate" -}}
{{- if include "l2sces.claims" . }}
persistentVolumeClaimRetentionPolicy:
  whenDeleted: {{ .Values.persistence.keep | ternary "Retain" "Delete" }}
  whenScaled: Retain
volumeClaimTemplates:
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata:
    name: data
    labels:
      {{- include "l2sces.selector" . | nindent 6 }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with .Values.persistence.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources:
      requests:
        storage: {{ .Values.persistence.size }}
{{- end }}
{{- end -}}

{{- /* Replicas on different nodes, if that can be. */ -}}
{{- define "l2sces.spread" -}}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "l2sces.selector" . | fromYaml)) }}
{{- range .Values.topologySpreadConstraints }}
- {{ merge (deepCopy .) $selector | toYaml | nindent 2 | trim }}
{{- end }}
{{- else if gt (int .Values.replicas) 1 }}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "l2sces.selector" . | nindent 6 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- include "l2sces.pairs" . | trim | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* The part of a Service that its values choose. */ -}}
{{- define "l2sces.service" -}}
type: {{ .Values.service.type }}
{{- if ne .Values.service.type "ClusterIP" }}
externalTrafficPolicy: {{ .Values.service.externalTrafficPolicy }}
{{- with .Values.service.loadBalancerClass }}
loadBalancerClass: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* A port of the Service, with the number that nodes listen on if it is given. */ -}}
{{- define "l2sces.port" -}}
- name: {{ .name }}
  port: {{ .port }}
  targetPort: {{ .name }}
  {{- if and (ne .root.Values.service.type "ClusterIP") (index .root.Values.service.nodePorts .name) }}
  nodePort: {{ index .root.Values.service.nodePorts .name }}
  {{- end }}
{{- end -}}
