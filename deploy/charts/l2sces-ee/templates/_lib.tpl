{{- /* What all charts of the house share. The file is the same in each of them; a test compares. */ -}}

{{- /* Name of the release, or of the release and the chart: 40 letters at most, so that names made of it stay valid. */ -}}
{{- define "l2sces.name" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- $name := .Values.fullnameOverride | default (contains $chart .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $chart)) -}}
{{- if gt (len $name) 40 -}}
{{- printf "%s-%s" ($name | trunc 31 | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{- define "l2sces.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "l2sces.labels" -}}
{{ include "l2sces.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: l2sces
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* A map from a list of names and values: OSM takes no key with a dot, and labels have dots. */ -}}
{{- define "l2sces.pairs" -}}
{{- range . }}
{{ .name }}: {{ .value | quote }}
{{- end -}}
{{- end -}}

{{- define "l2sces.image" -}}
image: {{ printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) | quote }}
imagePullPolicy: {{ .image.pullPolicy }}
{{- end -}}

{{- /* A container that needs nothing of the kernel. */ -}}
{{- define "l2sces.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* Where and when pods run: the same values in all charts. */ -}}
{{- define "l2sces.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Addresses that the kubelet fills in; an IPv6 one stands in brackets before a port. */ -}}
{{- define "l2sces.self" -}}
{{- eq .Values.ipFamily "IPv6" | ternary "[$(POD_IP)]" "$(POD_IP)" -}}
{{- end -}}

{{- define "l2sces.env" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: NODE_IP
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
{{- end -}}

{{- /* Probes of the door for operators. Takes a port's name and the path of the readiness probe. */ -}}
{{- define "l2sces.probes" -}}
startupProbe:
  httpGet:
    path: /healthz
    port: {{ .port }}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /healthz
    port: {{ .port }}
  periodSeconds: 10
  timeoutSeconds: 3
readinessProbe:
  httpGet:
    path: {{ .ready }}
    port: {{ .port }}
  periodSeconds: 5
  timeoutSeconds: 3
{{- end -}}

{{- /* The issuer of certificates: one that is there, or one that the chart makes of an authority's Secret. */ -}}
{{- define "l2sces.issuer" -}}
{{- if .Values.certificates.caSecret -}}
name: {{ include "l2sces.name" . }}
kind: Issuer
group: cert-manager.io
{{- else -}}
{{- toYaml .Values.certificates.issuerRef -}}
{{- end -}}
{{- end -}}

{{- /* Whether cert-manager makes the certificates; nothing if somebody brings them. */ -}}
{{- define "l2sces.certmanager" -}}
{{- if or .Values.certificates.issuerRef.name .Values.certificates.caSecret -}}
{{- if not (.Capabilities.APIVersions.Has "cert-manager.io/v1") -}}
{{- fail "certificates.issuerRef and certificates.caSecret need cert-manager in the cluster: install it, or leave both empty and bring Secrets" -}}
{{- end -}}
yes
{{- end -}}
{{- end -}}

{{- /* A certificate whose identity is its URI. Takes the root, a name of the object and of its Secret, and the identity. */ -}}
{{- define "l2sces.certificate" -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ .name }}
  labels:
    {{- include "l2sces.labels" .root | nindent 4 }}
spec:
  secretName: {{ .secret }}
  duration: {{ .root.Values.certificates.duration }}
  renewBefore: {{ .root.Values.certificates.renewBefore }}
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  usages: [digital signature, server auth, client auth]
  uris:
  - {{ .identity }}
  issuerRef:
    {{- include "l2sces.issuer" .root | nindent 4 }}
{{- end -}}

{{- /* Who may reach a port, by a list of peers of a NetworkPolicy; empty: everybody. */ -}}
{{- define "l2sces.peers" -}}
{{- if .peers }}
{{ .direction }}:
{{- toYaml .peers | nindent 0 }}
{{- end }}
{{- end -}}

{{- /* Names are looked up wherever the cluster's resolver is. */ -}}
{{- define "l2sces.dns" -}}
- ports:
  - protocol: UDP
    port: 53
  - protocol: TCP
    port: 53
{{- end -}}
