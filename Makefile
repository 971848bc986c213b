# autopilot: `make help` lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

AGENTS ?= 5
MAX_ITERATIONS ?= 3
ROADMAP ?=
REPO ?=
PROVIDER ?=
DRY_RUN ?=
ARGS ?=
BENCH ?=

SOURCES := $(shell find src -type f) package.json tsconfig.json .config/build.js
# AGENTS and its kin go as flags; the environment would carry them to the tests, too.
unexport AGENTS MAX_ITERATIONS DRY_RUN

# Paths go through the environment, where blanks and quotes in them mean nothing to make and to the shell.
export ROADMAP REPO PROVIDER

RUN_FLAGS = --agents '$(AGENTS)' --iterations '$(MAX_ITERATIONS)' $(if $(PROVIDER),--provider "$$PROVIDER") \
	$(if $(filter-out 0,$(DRY_RUN)),--dry-run) $(ARGS)

.PHONY: help
help: ## list the targets
	@echo 'make autopilot AGENTS=5 [MAX_ITERATIONS=3] [ROADMAP=file] [REPO=dir] [PROVIDER=name] [DRY_RUN=1] [ARGS=...]'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: autopilot
autopilot: dist/cli.js ## run a roadmap; without ROADMAP, a bundled example
ifeq ($(strip $(ROADMAP)$(REPO)),)
	@sh examples/ten-tasks/run.sh $(RUN_FLAGS)
else
	@node bin/autopilot.js run $(if $(ROADMAP),"$$ROADMAP") -C "$${REPO:-$$(dirname -- "$$ROADMAP")}" $(RUN_FLAGS)
endif

.PHONY: build
build: dist/cli.js ## bundle the program into dist/

.PHONY: test
test: dist/cli.js ## run the tests
	npm run --silent test

.PHONY: test-cli
test-cli: dist/cli.js ## run the real claude and codex before a model server of the tests' own
	node_modules/.bin/vitest run --config .config/vitest.cli.config.ts

.PHONY: bench
bench: dist/cli.js ## measure beside bare spawns, xargs, GNU parallel; BENCH='a c': some
	@node test/bench/run.js $(BENCH)

.PHONY: lint
lint: node_modules/.installed ## lint, floors and dead code
	npm run --silent lint
	npm run --silent floors
	npm run --silent unused

.PHONY: types
types: node_modules/.installed ## check the types
	npm run --silent types

.PHONY: format
format: node_modules/.installed ## format all files
	npm run --silent format

.PHONY: check
check: node_modules/.installed ## format, lint, types, floors, dead code, tests
	npm run --silent format:check
	$(MAKE) --no-print-directory lint types test

.PHONY: clean
clean: ## remove what was built and installed
	rm -rf dist node_modules

dist/cli.js: node_modules/.installed $(SOURCES)
	@npm run --silent build

node_modules/.installed: package.json package-lock.json
	@npm ci --no-fund --no-audit --loglevel=error >&2
	@touch $@
