# make check before a commit, make test before a push; CI runs make test.
# Flags are the same in all targets, so that they share the build cache.

SHELL := /bin/bash
STEP := .ci/step
LINT := go tool -modfile=.ci/tools/go.mod golangci-lint
RACE := go test -race -shuffle=on -count=1 -timeout 8m
FUZZTIME ?= 3s

.PHONY: check test static gofmt vet lint format install tests allocations browser fuzz bench microbench build run clean

check: static ## what is fast: format, vet, lint, tests without the slow ones
	@$(STEP) "tests, short" $(RACE) -short ./...

test: ## everything, also after a failure; installs Chromium and a C compiler where they are missing
	@$(MAKE) --no-print-directory --keep-going install static build tests allocations browser fuzz

static: gofmt vet lint

gofmt:
	@$(STEP) "gofmt" .ci/format

vet:
	@$(STEP) "vet" go vet ./...
	@cd bench && ../$(STEP) "vet of bench" go vet ./...

lint:
	@$(STEP) "lint" $(LINT) run ./...
	@cd bench && ../$(STEP) "lint of bench" go tool -modfile=../.ci/tools/go.mod golangci-lint run ./...

format: ## writes all Go files as gofmt -s and goimports would
	$(LINT) fmt

install:
	@$(STEP) "install" .ci/install

tests: ## all but the pages', with the race detector
	@packages=$$(go list ./... | grep -v '/public') && $(STEP) "tests" $(RACE) $$packages
	@cd bench && ../$(STEP) "tests of bench" $(RACE) ./...

# The race detector allocates; these run once more without it.
allocations:
	@$(STEP) "allocations" go test -count=1 -run 'Alloc' ./...

# In a step of their own: beside the race detector a small machine is measured, not the page.
browser: ## the tests of the pages; that Chromium is missing is a failure
	@$(STEP) "browser" .ci/browser

fuzz: ## FUZZTIME (3s) for each target
	@$(STEP) "fuzz" .ci/fuzz $(FUZZTIME)

bench: ## the server beside a bare floor and others: see bench/README.md
	cd bench && go run .

microbench: ## the benchmarks of the packages
	go test -run '^$$' -bench . -benchmem ./...

build:
	@$(STEP) "build" go build -o bin/tickertape .

run:
	go run .

clean:
	rm -rf bin
