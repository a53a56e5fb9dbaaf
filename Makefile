# Every target works in a fresh clone. Tools are built by exact version into
# bin/tools; Debian packages are installed by deploy/setup.sh.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS   += --no-print-directory

export PATH := $(PATH):/usr/sbin:/sbin

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The charts say which images they want.
RELEASE := $(shell sed -n "s/^appVersion: '\(.*\)'/\1/p" deploy/charts/sco/Chart.yaml)
LDFLAGS := -s -w -X main.version=$(VERSION)
SUDO    := $(if $(filter 0,$(shell id -u)),,sudo)

GOLANGCI_VERSION    := v2.15.0
PROTOC_GEN_VERSION  := v1.36.12
PROTOC_GRPC_VERSION := v1.6.2
OAPI_VERSION        := v2.8.2
REDOCLY_VERSION     := 2.77.0
HELM_VERSION        := v3.22.0
KUBECONFORM_VERSION := v0.8.0

TOOLS    := $(CURDIR)/bin/tools
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
PROTOC_GEN  := $(TOOLS)/protoc-gen-go-$(PROTOC_GEN_VERSION)
PROTOC_GRPC := $(TOOLS)/protoc-gen-go-grpc-$(PROTOC_GRPC_VERSION)
OAPI        := $(TOOLS)/oapi-codegen-$(OAPI_VERSION)
REDOCLY     := $(TOOLS)/redocly-$(REDOCLY_VERSION)
HELM        := $(TOOLS)/helm-$(HELM_VERSION)
KUBECONFORM := $(TOOLS)/kubeconform-$(KUBECONFORM_VERSION)

# How tests are run; vet is left to check. Without race detection they are compiled
# as build compiles the programs, so that nothing is compiled a third time.
TEST = CGO_ENABLED=0 go test -vet=off -trimpath
RACE = go test -vet=off -race -timeout 8m -p 3

# Race detection is for what runs beside something. The floors of words, values,
# translators and judges start nothing, nor do the tools: with race detection they
# take six times as long, and it has nothing to look at. LONG is tested in full
# without it, and with it in short.
LONG = ./cmd/internal/model
CALM = $(shell go list $(LONG) ./descriptors/... ./deploy/... ./tools/... $(addprefix ./pkg/,slice/... topology/... ipam/... \
	flow/... bridge/... descriptor/... intent/... translate/... pipeline/... graph/... lint/...))
RACY = $(filter-out $(CALM),$(shell go list ./...))

# The tests that need root: their files carry the build tag lab. Those outside of
# LOOSE keep time and have the machine for themselves.
LAB_FILES = $(shell grep -rlE --include='*_test.go' '^//go:build .*\blab\b' cmd pkg plugin tools 2>/dev/null)
LAB_DIRS  = $(addprefix ./,$(sort $(patsubst %/,%,$(dir $(LAB_FILES)))))
LAB_TESTS = $(shell grep -hoE '^func Test[A-Za-z0-9_]+' $(LAB_FILES) /dev/null | sed 's/^func //' | sort -u | paste -sd'|')
LAB_TEST  = $(TEST) -tags lab -p 1 -count 1 -timeout 8m $(if $(SUDO),-exec $(SUDO)) -run '^($(LAB_TESTS))$$'
LOOSE     = $(filter ./plugin/% ./tools/% ./cmd/internal/node ./cmd/sps ./pkg/netns ./pkg/openflow ./pkg/pack ./pkg/pipeline,$(LAB_DIRS))

# The tests that need a Kubernetes API server: tag kube, no root.
KUBE_FILES = $(shell grep -rlE --include='*_test.go' '^//go:build .*\bkube\b' cmd pkg plugin deploy 2>/dev/null)
KUBE_DIRS  = $(addprefix ./,$(sort $(patsubst %/,%,$(dir $(KUBE_FILES)))))
KUBE_TESTS = $(shell grep -hoE '^func Test[A-Za-z0-9_]+' $(KUBE_FILES) /dev/null | sed 's/^func //' | grep -v '^TestMain$$' | sort -u | paste -sd'|')

.PHONY: help check charms images build unit test kube kubetest fuzz demo lint fmt generate verify clean packages

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

check: lint verify ## format, lint, vet, floors, descriptors, generated code
	go vet -tags lab,kube ./...
	go test ./pkg ./pkg/descriptor/... ./descriptors/...

build: ## the programs, into bin/
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

charms: ## the charms, into bin/charms: a folder and a .charm file each
	mkdir -p bin/charms
	for f in sco sdnc sps ned; do \
		CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "bin/charms/.$$f" "./juju-charms/$$f"; \
		go run ./tools/charm -static "juju-charms/$$f/charm" -program "bin/charms/.$$f" "bin/charms/$$f"; \
		rm "bin/charms/.$$f"; done

# No root, no daemon and no registry, and nothing is installed. ARCH names
# architectures (amd64,arm64), IMAGES some of the images, UPDATE=1 asks Debian for
# newer packages.
images: ## the OCI images and what is in them, into bin/images
	go build -o bin/tools/image ./tools/image
	bin/tools/image build --version '$(RELEASE)' --created "$$(git log -1 --format=%ct 2>/dev/null || echo 0)" \
		$(if $(ARCH),--arch $(ARCH)) $(if $(UPDATE),--update) $(IMAGES)

unit: ## the tests that need no root and no program of others, without the long ones
	$(TEST) -short -p 4 ./...

test: ## all tests, with race detection; installs what is missing, asks sudo for root
	deploy/setup.sh run test
	$(MAKE) build
	$(MAKE) images
	go build -o bin/tools/testcount ./tools/testcount
	( bad=0; \
	$(TEST) -json -timeout 8m $(CALM) || bad=1; \
	$(RACE) -json $(RACY) || bad=1; \
	$(RACE) -json -short $(LONG) || bad=1; \
	$(LAB_TEST) -json $(filter-out $(LOOSE),$(LAB_DIRS)) || bad=1; \
	make -k -j 2 loosetest kubejson || bad=1; \
	cat bin/kube.json; \
	exit $$bad ) | bin/tools/testcount

# The tests of the lab that keep no time, and beside them those of the charts, which
# may have to build Kubernetes first. Two that write to one pipe would mix their lines.
.PHONY: loosetest kubejson
loosetest:
	@$(LAB_TEST) -json $(LOOSE)

kubejson:
	@rm -f bin/kube.json
	@$(MAKE) kube >&2
	@$(KUBE_TEST) -json >bin/kube.json

KUBE_TEST = HELM=$(HELM) KUBECONFORM=$(KUBECONFORM) $(TEST) -tags kube -p 2 -count 1 -timeout 15m -run '^($(KUBE_TESTS))$$' $(KUBE_DIRS)

kube: $(HELM) $(KUBECONFORM) ## Kubernetes and what the charts are tested with, into bin/kube and bin/tools
	deploy/kube/build.sh bin/kube >/dev/null

kubetest: kube ## the tests that need a Kubernetes API server
	$(KUBE_TEST)

fuzz: ## every decoder in turn, each for FUZZTIME (10s)
	grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd pkg plugin | sort | \
	while IFS=: read -r file name; do \
		echo "$${file%/*} $${name#func }"; \
		go test -run '^$$' -fuzz "^$${name#func }$$" -fuzztime $(or $(FUZZTIME),10s) -fuzzminimizetime 10x "./$${file%/*}" </dev/null; \
	done

demo: ## the fire-emergency slice, from template to frames (KEEP=1 leaves the lab up)
	deploy/setup.sh run
	$(MAKE) build
	$(SUDO) bin/l2sces demo $(if $(KEEP),--keep)

packages: build charms ## what OSM onboards, into bin/packages: a tar.gz and a CSAR of each
	bin/l2sces package lint vnfd/* nsd/* descriptors/nst/*
	rm -rf bin/packages
	export SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 315532800)}; \
	for folder in vnfd/*/ nsd/*/ descriptors/nst/*/; do \
		with=(); \
		for charm in "$${folder}"charms/*; do name=$${charm##*/}; \
			if [ -d "bin/charms/$$name" ]; then with+=(--with "charms/$$name=bin/charms/$$name"); fi; done; \
		bin/l2sces package build "$$folder" --no-lint --format osm,csar "$${with[@]}"; \
	done

lint: $(GOLANGCI) $(REDOCLY) ## golangci-lint, formatters included, and the OpenAPI document
	$(GOLANGCI) run --build-tags lab,kube ./...
	$(REDOCLY)/node_modules/.bin/redocly lint --config pkg/nbi/rest/redocly.yaml pkg/nbi/rest/openapi.yaml pkg/rest/v1/openapi.yaml

fmt: $(GOLANGCI) ## put the code into form
	$(GOLANGCI) fmt ./...

generate: ## remake the generated code of pkg/api, pkg/compat, pkg/nbi, pkg/rest and plugin/ee
	deploy/setup.sh generate
	$(MAKE) api OUT=pkg/api
	$(MAKE) compat OUT=pkg
	$(MAKE) ee OUT=plugin
	$(MAKE) rest IN=pkg/nbi/rest OUT=pkg/nbi/rest
	$(MAKE) rest IN=pkg/rest/v1 OUT=pkg/rest/v1

verify: ## prove that the generated code is what generate makes
	deploy/setup.sh generate
	rm -rf bin/verify && mkdir -p bin/verify
	$(MAKE) api OUT=bin/verify
	@# The version of protoc stands in a comment and may differ.
	for f in $$(cd pkg/api && find . -name '*.pb.go'; cd ../../bin/verify && find . -name '*.pb.go'); do \
		diff -u -I '^//.*protoc ' "pkg/api/$$f" "bin/verify/$$f"; done
	$(MAKE) compat OUT=bin/verify
	for f in compat/wire/original.pb.go compat/wire/original_grpc.pb.go; do \
		diff -u -I '^//.*protoc ' "pkg/$$f" "bin/verify/$$f"; done
	$(MAKE) ee OUT=bin/verify
	for f in ee/wire/executor.pb.go ee/wire/executor_grpc.pb.go; do \
		diff -u -I '^//.*protoc ' "plugin/$$f" "bin/verify/$$f"; done
	for d in pkg/nbi/rest pkg/rest/v1; do \
		mkdir -p bin/verify/$$d; $(MAKE) rest IN=$$d OUT=bin/verify/$$d; \
		for f in rest.gen.go openapi.json; do diff -u "$$d/$$f" "bin/verify/$$d/$$f"; done; done
	rm -rf bin/verify

clean: ## remove what was built
	rm -rf bin

# api makes the Go code of every .proto file below pkg/api, into OUT.
.PHONY: api
api: $(PROTOC_GEN) $(PROTOC_GRPC)
	cd pkg/api && protoc -I . $$(find . -name '*.proto' | sort) \
		--plugin=protoc-gen-go=$(PROTOC_GEN) --go_out=$(CURDIR)/$(OUT) --go_opt=paths=source_relative \
		--plugin=protoc-gen-go-grpc=$(PROTOC_GRPC) --go-grpc_out=$(CURDIR)/$(OUT) --go-grpc_opt=paths=source_relative

# compat makes the Go code of the original's messages, into OUT. The name of the
# file is one that the original's own does not have: both can be in one program.
.PHONY: compat
compat: $(PROTOC_GEN) $(PROTOC_GRPC)
	cd pkg && protoc -I . compat/wire/original.proto \
		--plugin=protoc-gen-go=$(PROTOC_GEN) --go_out=$(CURDIR)/$(OUT) --go_opt=paths=source_relative \
		--plugin=protoc-gen-go-grpc=$(PROTOC_GRPC) --go-grpc_out=$(CURDIR)/$(OUT) --go-grpc_opt=paths=source_relative

# ee makes the Go code of the messages of OSM's execution environments, into OUT.
.PHONY: ee
ee: $(PROTOC_GEN) $(PROTOC_GRPC)
	cd plugin && protoc -I . ee/wire/executor.proto \
		--plugin=protoc-gen-go=$(PROTOC_GEN) --go_out=$(CURDIR)/$(OUT) --go_opt=paths=source_relative \
		--plugin=protoc-gen-go-grpc=$(PROTOC_GRPC) --go-grpc_out=$(CURDIR)/$(OUT) --go-grpc_opt=paths=source_relative

# rest makes the Go code and the JSON form of the OpenAPI document in IN, into OUT.
.PHONY: rest
rest: $(OAPI)
	$(OAPI) -config $(IN)/generate.yaml -o $(OUT)/rest.gen.go $(IN)/openapi.yaml
	go run ./tools/openapijson <$(IN)/openapi.yaml >$(OUT)/openapi.json.new
	mv $(OUT)/openapi.json.new $(OUT)/openapi.json

# install puts the program of a package into bin/tools under its version.
define install
	@echo "building $(notdir $@), once"
	@GOBIN=$@.new go install $(1)
	@mv $@.new/* $@ && rmdir $@.new
endef

$(GOLANGCI):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION))

$(PROTOC_GEN):
	$(call install,google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_VERSION))

$(PROTOC_GRPC):
	$(call install,google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GRPC_VERSION))

$(OAPI):
	$(call install,github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$(OAPI_VERSION))

$(HELM):
	$(call install,helm.sh/helm/v3/cmd/helm@$(HELM_VERSION))

$(KUBECONFORM):
	$(call install,github.com/yannh/kubeconform/cmd/kubeconform@$(KUBECONFORM_VERSION))

$(REDOCLY):
	deploy/setup.sh lint
	npm install --silent --no-fund --no-audit --prefix $@.new @redocly/cli@$(REDOCLY_VERSION)
	mv $@.new $@
