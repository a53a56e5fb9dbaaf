{{- /* The pod of a switch: Open vSwitch and the agent that keeps it. The file is the same in sps and ned; a test compares. */ -}}

{{- /* The pools of nodes, each with what it does not say itself taken from the values. */ -}}
{{- define "l2sces.pools" -}}
{{- $all := list -}}
{{- range .Values.pools | default (list (dict "name" "")) -}}
{{- $all = append $all (mergeOverwrite (dict "tunnel" (deepCopy $.Values.tunnel) "nodeSelector" $.Values.nodeSelector "networks" $.Values.networks) .) -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{- define "l2sces.poolName" -}}
{{- $name := include "l2sces.name" .root -}}
{{- if .pool.name -}}{{ $name }}-{{ .pool.name }}{{- else -}}{{ $name }}{{- end -}}
{{- end -}}

{{- define "l2sces.tlsSecret" -}}
{{- .Values.certificates.existingSecret | default (printf "%s-tls" (include "l2sces.name" .)) -}}
{{- end -}}

{{- /* Certificate, key and authority have the same paths for the agent and for the switch, which reads them as well. */ -}}
{{- define "l2sces.tlsVolume" -}}
- name: tls
{{- if .Values.certificates.hostPath }}
  hostPath:
    path: {{ .Values.certificates.hostPath }}
    type: Directory
{{- else if include "l2sces.certmanager" . }}
  projected:
    defaultMode: 0440
    sources:
    {{- range $i, $node := .Values.certificates.nodes }}
    - secret:
        name: {{ include "l2sces.tlsSecret" $ }}-{{ $node }}
        items:
        - {key: tls.crt, path: {{ $node }}.crt}
        - {key: tls.key, path: {{ $node }}.key}
        {{- if eq $i 0 }}
        - {key: ca.crt, path: ca.crt}
        {{- end }}
    {{- end }}
{{- else }}
  secret:
    secretName: {{ include "l2sces.tlsSecret" . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "l2sces.mounts" -}}
- name: run
  mountPath: /run/openvswitch
- name: tls
  mountPath: /run/l2sces/tls
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end -}}

{{- /* Root, since Kubernetes gives a capability to nobody else; without any of them but the two that are named. */ -}}
{{- define "l2sces.capable" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  {{- with . }}
  add: [{{ join ", " . }}]
  {{- end }}
{{- end -}}

{{- define "l2sces.agent" -}}
{{- if and .uplink (eq .root.Values.datapath "netdev") (or (eq .pool.tunnel.uplink "eth0") (not .pool.tunnel.address)) -}}
{{- fail "tunnel: the switch in user space takes its uplink over, which eth0 cannot be as the pod is reached by it: join a network by networks, and give its interface as tunnel.uplink and tunnel.address" -}}
{{- end -}}
- --domain={{ .root.Values.domain }}
- --node=$(NODE_NAME)
- --controller={{ join "," .root.Values.controller }}
- --tunnel-address={{ .pool.tunnel.address | default "$(POD_IP)/32" }}
{{- with .pool.tunnel.gateway }}
- --gateway={{ . }}
{{- end }}
{{- if .uplink }}
- --uplink={{ .pool.tunnel.uplink }}
{{- end }}
- --datapath={{ .root.Values.datapath }}
- --ovsdb=/run/openvswitch/db.sock
- --admin=:9090
- --tls-cert=/run/l2sces/tls/$(NODE_NAME).crt
- --tls-key=/run/l2sces/tls/$(NODE_NAME).key
- --tls-ca=/run/l2sces/tls/ca.crt
- --log-level={{ .root.Values.logLevel }}
{{- end -}}

{{- /* Makes the database. Takes the root, the image and the name of the program. */ -}}
{{- define "l2sces.database" -}}
- name: database
  {{- include "l2sces.image" . | nindent 2 }}
  args: [ovs-init, --node=$(NODE_NAME)]
  env:
  {{- include "l2sces.env" . | nindent 2 }}
  resources:
    {{- toYaml .root.Values.switch.ovsdb.resources | nindent 4 }}
  securityContext:
    {{- include "l2sces.capable" list | nindent 4 }}
  volumeMounts:
  - name: database
    mountPath: /etc/openvswitch
  - name: tmp
    mountPath: /tmp
{{- end -}}

{{- /* Open vSwitch: the database and the switch itself. Takes the root and the image. */ -}}
{{- define "l2sces.daemons" -}}
- name: ovsdb-server
  {{- include "l2sces.image" . | nindent 2 }}
  command:
  - ovsdb-server
  - /etc/openvswitch/conf.db
  - --remote=punix:/run/openvswitch/db.sock
  - --unixctl=/run/openvswitch/ovsdb-server.ctl
  - -vconsole:info
  - -vsyslog:off
  - -vfile:off
  {{- include "l2sces.alive" "/run/openvswitch/ovsdb-server.ctl" | nindent 2 }}
  {{- include "l2sces.end" "/run/openvswitch/ovsdb-server.ctl" | nindent 2 }}
  resources:
    {{- toYaml .root.Values.switch.ovsdb.resources | nindent 4 }}
  securityContext:
    {{- include "l2sces.capable" list | nindent 4 }}
  volumeMounts:
  - name: run
    mountPath: /run/openvswitch
  - name: database
    mountPath: /etc/openvswitch
  - name: tmp
    mountPath: /tmp
- name: ovs-vswitchd
  {{- include "l2sces.image" . | nindent 2 }}
  command:
  - ovs-vswitchd
  - unix:/run/openvswitch/db.sock
  - --unixctl=/run/openvswitch/ovs-vswitchd.ctl
  - -vconsole:info
  - -vsyslog:off
  - -vfile:off
  {{- include "l2sces.alive" "/run/openvswitch/ovs-vswitchd.ctl" | nindent 2 }}
  {{- include "l2sces.end" "/run/openvswitch/ovs-vswitchd.ctl" | nindent 2 }}
  resources:
    {{- toYaml .root.Values.switch.vswitchd.resources | nindent 4 }}
  securityContext:
    # In user space NET_ADMIN makes the bridges' own interfaces, and NET_RAW opens those that are added to them.
    {{- include "l2sces.capable" (eq .root.Values.datapath "netdev" | ternary (list "NET_ADMIN" "NET_RAW") (list "NET_ADMIN")) | nindent 4 }}
  volumeMounts:
  {{- include "l2sces.mounts" . | nindent 2 }}
  {{- if eq .root.Values.datapath "netdev" }}
  - name: tun
    mountPath: /dev/net/tun
  {{- end }}
{{- end -}}

{{- /* As the first process of a container the daemons do not end well by a signal. */ -}}
{{- define "l2sces.end" -}}
lifecycle:
  preStop:
    exec:
      command: [ovs-appctl, --timeout=5, --target={{ . }}, exit]
{{- end -}}

{{- /* A daemon is killed for being deaf only after two minutes: with ovs-vswitchd go all flows. */ -}}
{{- define "l2sces.alive" -}}
startupProbe:
  exec:
    command: [ovs-appctl, --timeout=2, --target={{ . }}, version]
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 60
livenessProbe:
  exec:
    command: [ovs-appctl, --timeout=4, --target={{ . }}, version]
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  exec:
    command: [ovs-appctl, --timeout=2, --target={{ . }}, version]
  periodSeconds: 10
  timeoutSeconds: 3
{{- end -}}

{{- define "l2sces.switchVolumes" -}}
- name: run
{{- if .Values.switch.runPath }}
  hostPath:
    path: {{ .Values.switch.runPath }}
    type: DirectoryOrCreate
{{- else }}
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 16Mi
{{ include "l2sces.tlsVolume" . }}
{{- end -}}

{{- define "l2sces.databaseVolumes" -}}
# Ports go with the pod's network, and the agent puts them back: nothing to keep on the node.
- name: database
  emptyDir:
    sizeLimit: 64Mi
{{- if eq .Values.datapath "netdev" }}
# Interfaces of bridges in user space are made by this device. Container runtimes let containers use
# it (runc 1.1, and from 1.2.4 on; crun), but put no node of it into their /dev.
- name: tun
  hostPath:
    path: /dev/net/tun
    type: CharDevice
{{- end }}
{{- end -}}

{{- define "l2sces.update" -}}
updateStrategy:
  type: {{ .Values.updateStrategy.type }}
  {{- if eq .Values.updateStrategy.type "RollingUpdate" }}
  rollingUpdate:
    maxUnavailable: {{ .Values.updateStrategy.maxUnavailable }}
    maxSurge: 0
  {{- end }}
{{- end -}}
