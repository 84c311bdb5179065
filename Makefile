# make check before a commit, make test before a push; CI runs make test.
# Flags are the same in all targets, so that they share the build cache.

SHELL := /bin/bash
STEP := .ci/step
LINT := go tool -modfile=.ci/tools/go.mod golangci-lint
RACE := go test -race -shuffle=on -count=1 -timeout 8m
FUZZTIME ?= 5s

# Browser tests run in a step of their own, one package at a time: a browser
# beside the race detector on a small machine measures the machine.
BROWSER := ^TestBrowser

.PHONY: check test static format install tests allocations browser fuzz bench build run clean

check: static ## what is fast: format, vet, lint, tests without the slow ones
	@$(STEP) "tests, short" $(RACE) -short -skip '$(BROWSER)' ./...

test: ## everything; installs Chromium and a C compiler where they are missing
	@$(STEP) "install" .ci/install
	@$(MAKE) --no-print-directory static build tests allocations browser fuzz

static:
	@$(STEP) "format" .ci/format
	@$(STEP) "vet" go vet ./...
	@$(STEP) "lint" $(LINT) run ./...

format: ## writes all Go files as gofmt -s and goimports would
	$(LINT) fmt

install:
	@$(STEP) "install" .ci/install

tests: ## all but the browser's, with the race detector
	@$(STEP) "tests" $(RACE) -skip '$(BROWSER)' ./...

# The race detector allocates; these run once more without it.
allocations:
	@$(STEP) "allocations" go test -count=1 -run 'Alloc' ./...

browser: ## the tests that drive Chromium; a missing one is a failure
	@TICKERTAPE_BROWSER=required $(STEP) "browser" go test -count=1 -p 1 -timeout 5m -run '$(BROWSER)' ./...

fuzz: ## FUZZTIME (5s) for each target
	@$(STEP) "fuzz" .ci/fuzz $(FUZZTIME)

bench:
	go test -run '^$$' -bench . -benchmem ./...

build:
	@$(STEP) "build" go build -o bin/tickertape .

run:
	go run .

clean:
	rm -rf bin
