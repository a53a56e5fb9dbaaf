#!/usr/bin/env bash
# version.sh KUBERNETES ETCD writes go.mod and go.sum for these versions:
#
#   deploy/kube/version.sh v1.37.2 v3.7.0
#
# Kubernetes keeps the libraries that it is made of (k8s.io/api and so on) in its
# own tree and requires them at v0.0.0. The tree is not in a module, so each of
# them is replaced by what was published of it with this release: v1.37.2 is
# v0.37.2 there.
set -euo pipefail
cd "$(dirname "$0")"
kubernetes=$1 etcd=$2
library=v0.${kubernetes#v1.}

theirs=$(GOWORK=off go mod download -json "k8s.io/kubernetes@$kubernetes" | awk -F'"' '$2 == "GoMod" {print $4}')
{
	echo "module github.com/l2sces/l2sces/deploy/kube"
	echo
	awk '$1 == "go" || $1 == "godebug"' "$theirs"
	echo
	echo "require k8s.io/kubernetes $kubernetes"
	echo
	awk -v v="$library" '/=> \.\/staging\// {sub(/^replace /, ""); print "replace", $1, "=>", $1, v}' "$theirs"
} >go.mod
rm -f go.sum
export GOWORK=off GOFLAGS=-mod=mod
go get "go.etcd.io/etcd/server/v3@$etcd"
go mod tidy
