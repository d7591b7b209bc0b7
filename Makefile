# What people and CI run. "make help" lists the targets.
#
# Without make: go build ./cmd/ullage, and go build ./cmd/ullage-lab inside lab/.
# make adds the version, the second module and the pinned tools.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The Kubernetes that the lab runs; the same as in lab/go.mod.
KUBERNETES := v1.36.4
number      = $(word $(1),$(subst ., ,$(KUBERNETES:v%=%)))
COMPONENT  := k8s.io/component-base/version

LDFLAGS     := -X main.version=$(VERSION)
LAB_LDFLAGS := $(LDFLAGS) -X $(COMPONENT).gitVersion=$(KUBERNETES) \
	-X $(COMPONENT).gitMajor=$(call number,1) -X $(COMPONENT).gitMinor=$(call number,2) \
	-X $(COMPONENT).gitTreeState=clean

# Modules below the root. Each has a go.mod of its own, so "./..." of the root
# does not reach into it.
NESTED := $(patsubst %/go.mod,%,$(wildcard lab/go.mod bench/go.mod))

# Packages that start goroutines or answer many clients at once, and so are tested with
# the race detector. It needs a C compiler; without one: make test RACE=
RACE ?= -race
RACY := /(kube|provider|runner)(/|$$)|/awssim$$

# Tools are pinned by modules of their own, so that what they need stays out of
# the project's go.mod: go tool builds and caches them.
GEN_TOOLS  := -modfile=$(CURDIR)/tools/gen/go.mod
LINT_TOOLS := -modfile=$(CURDIR)/tools/lint/go.mod
GENERATED   = find api -name 'zz_generated.*.go' -o -path '*/crds/*.yaml' | LC_ALL=C sort | xargs cat | cksum

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: lab ## The main job in one command: scale out, pack, scale in, on a real control plane
	bin/ullage-lab demo

.PHONY: build
build: ullage lab ## Build both binaries into bin/

.PHONY: ullage
ullage: ## Build the operator and its tools: bin/ullage
	go build -ldflags '$(LDFLAGS)' -o bin/ullage ./cmd/ullage

.PHONY: lab
lab: ## Build the lab, a control plane and a cloud in one process: bin/ullage-lab
	cd lab && go build -ldflags '$(LAB_LDFLAGS)' -o ../bin/ullage-lab ./cmd/ullage-lab

.PHONY: test
test: ## Test every module; packages with goroutines under the race detector
	all=$$(go list ./...) && go test $$(echo "$$all" | grep -Ev '$(RACY)')
	all=$$(go list ./...) && go test $(RACE) $$(echo "$$all" | grep -E '$(RACY)')
	$(foreach m,$(NESTED),cd $(CURDIR)/$(m) && go test -timeout 20m ./...$(newline))

# Not part of test: the programs are fetched and built from their own modules, which takes
# minutes the first time.
.PHONY: clients
clients: lab ## Run programs that others wrote for AWS against the lab (labs/clients)
	bin/ullage-lab run labs/clients/*.txt

# Everything that Karpenter's controller is built from is pinned in tools/karpenter.
.PHONY: karpenter
karpenter: ## Build Karpenter's controller for AWS, minutes the first time: bin/karpenter
	cd tools/karpenter && version=$$(go list -m -f '{{.Version}}' sigs.k8s.io/karpenter) && \
		go build -ldflags "-X sigs.k8s.io/karpenter/pkg/operator.Version=$${version#v}" -o ../../bin/karpenter github.com/aws/karpenter-provider-aws/cmd/controller

# Two hours for five seeds; goes on where it was interrupted. See lab/duel/README.md.
.PHONY: duel
duel: ullage karpenter ## Ullage and Karpenter on the same clusters, one after the other; more by ARGS="--help"
	cd lab && go build -ldflags '$(LAB_LDFLAGS)' -o ../bin/ullage-duel ./cmd/ullage-duel
	bin/ullage-duel $(ARGS)

.PHONY: bench
bench: ## Run the benchmarks, allocations included
	go test -run '^$$' -bench . -benchmem ./...
	$(foreach m,$(filter bench,$(NESTED)),cd $(CURDIR)/$(m) && go test -run '^$$' -bench . -benchmem ./...$(newline))

.PHONY: bench-peers
bench-peers: ## Measure Ullage and Karpenter side by side; more by ARGS="-help"
	cd bench && go run ./cmd/bench-peers -out results/peers.txt $(ARGS)

.PHONY: bench-disruption
bench-disruption: ## Set our repacking beside Karpenter's disruption; more by ARGS="speed -help"
	cd bench && go run ./cmd/bench-disruption $(or $(ARGS),speed -out results/disruption.txt)

.PHONY: check
check: fmt vet lint gen-check arrows ## What must hold before a commit, tests aside

.PHONY: fmt
fmt: ## Fail on files that gofmt would change
	@stale=$$(gofmt -l .) && if [ -n "$$stale" ]; then echo "not formatted, run gofmt -w on:"; echo "$$stale"; exit 1; fi

.PHONY: vet
vet: ## go vet, every module
	go vet ./...
	$(foreach m,$(NESTED),cd $(CURDIR)/$(m) && go vet ./...$(newline))

.PHONY: lint
lint: ## golangci-lint as pinned in tools/lint, every module
	go tool $(LINT_TOOLS) golangci-lint run ./...
	$(foreach m,$(NESTED),cd $(CURDIR)/$(m) && go tool $(LINT_TOOLS) golangci-lint run ./...$(newline))

.PHONY: arrows
arrows: ## Check which package imports which (internal/archtest)
	go test ./internal/archtest

.PHONY: gen
gen: ## Write deep copies and CRDs anew from the types in api/
	go tool $(GEN_TOOLS) controller-gen object paths=./api/v1alpha1/... crd output:crd:dir=api/v1alpha1/crds
	go tool $(GEN_TOOLS) controller-gen object paths=./api/legacy/... crd output:crd:dir=api/legacy/crds

.PHONY: gen-check
gen-check: ## Fail if "make gen" changes anything
	@before=$$($(GENERATED)); $(MAKE) --no-print-directory gen || exit 1; \
	if [ "$$before" != "$$($(GENERATED))" ]; then echo "generated files under api/ were stale; they have been written anew: review and commit them"; exit 1; fi

# Not part of check: it asks vuln.go.dev, which a build machine without a way to the
# Internet cannot reach, and its answer changes while the code does not.
.PHONY: vuln
vuln: ## Look for known vulnerabilities that are called (needs vuln.go.dev)
	go tool $(LINT_TOOLS) govulncheck ./...
	$(foreach m,$(NESTED),cd $(CURDIR)/$(m) && go tool $(LINT_TOOLS) govulncheck ./...$(newline))

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin

# A recipe is one line per command: this is the line break that foreach needs.
define newline


endef
