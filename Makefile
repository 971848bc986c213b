# autopilot: `make help` lists what there is.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# What is empty, as a variable of CI that is not set, is left to autopilot.yaml and to the program's own defaults.
AGENTS ?=
MAX_ITERATIONS ?=
ROADMAP ?=
REPO ?=
PROVIDER ?=
DRY_RUN ?=
ARGS ?=
BENCH ?=

SOURCES := $(shell find src -type f) package.json tsconfig.json .config/build.js
# Under their own names the environment would carry them to the tests, too.
unexport AGENTS MAX_ITERATIONS DRY_RUN

# Values go through the environment, where blanks and quotes in them mean nothing to make and to the shell.
export ROADMAP REPO PROVIDER
export MAKE_AGENTS = $(strip $(AGENTS))
export MAKE_MAX_ITERATIONS = $(strip $(MAX_ITERATIONS))
export MAKE_DRY_RUN = $(strip $(DRY_RUN))

RUN_FLAGS = $(if $(MAKE_AGENTS),--agents "$$MAKE_AGENTS") \
	$(if $(MAKE_MAX_ITERATIONS),--iterations "$$MAKE_MAX_ITERATIONS") $(if $(PROVIDER),--provider "$$PROVIDER") $(ARGS)
# The program reads it, so that it means the same everywhere; what was typed here wins over the environment.
DRY = $(if $(MAKE_DRY_RUN),DRY_RUN="$$MAKE_DRY_RUN" AUTOPILOT_DRY_RUN="$$MAKE_DRY_RUN")

.PHONY: help
help: ## list the targets
	@echo 'make autopilot AGENTS=5 [MAX_ITERATIONS=3] [ROADMAP=file] [REPO=dir] [PROVIDER=name] [DRY_RUN=1] [ARGS=...]'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: autopilot
autopilot: dist/cli.cjs ## run a roadmap; without ROADMAP, a bundled example
ifeq ($(strip $(ROADMAP)$(REPO)),)
	@$(DRY) sh examples/ten-tasks/run.sh $(RUN_FLAGS)
else
	@$(DRY) node bin/autopilot.js run $(if $(ROADMAP),"$$ROADMAP") -C "$${REPO:-$$(dirname -- "$$ROADMAP")}" $(RUN_FLAGS)
endif

.PHONY: mcp-autopilot
mcp-autopilot: dist/cli.cjs ## the same on workers that stay warm; codex unless PROVIDER names another
ifeq ($(strip $(ROADMAP)$(REPO)),)
	@$(DRY) sh examples/ten-tasks/run.sh --workers $(RUN_FLAGS)
else
	@$(DRY) node bin/autopilot.js run $(if $(ROADMAP),"$$ROADMAP") -C "$${REPO:-$$(dirname -- "$$ROADMAP")}" \
		--workers $(if $(PROVIDER),,--provider codex) $(RUN_FLAGS)
endif

.PHONY: build
build: dist/cli.cjs ## bundle the program into dist/

.PHONY: test
test: dist/cli.cjs ## run the tests
	npm run --silent test

.PHONY: fuzz
fuzz: dist/cli.cjs ## read thousands of broken inputs; FUZZ_RUNS=10000 of each kind
	@FUZZ_RUNS="$${FUZZ_RUNS:-10000}" npm run --silent test -- test/fuzz

.PHONY: test-cli
test-cli: dist/cli.cjs ## run the real CLIs against the tests' own model server; TEST_CLIS='claude codex': only these; TABLE=docs/providers.md: write what passed into it
	node_modules/.bin/vitest run --config .config/vitest.cli.config.ts

.PHONY: faults
faults: dist/cli.cjs ## provoke each fault of docs/faults.md and report on it
	node_modules/.bin/vitest run --config .config/vitest.faults.config.ts

.PHONY: kill-loop
kill-loop: dist/cli.cjs ## kill runs at random moments and resume them; KILL_ROUNDS=200, KILL_SEED repeats a run
	node_modules/.bin/vitest run --config .config/vitest.kill-loop.config.ts

.PHONY: bench
bench: dist/cli.cjs ## compare with bare spawns, xargs, GNU parallel; BENCH='a c': only these
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

dist/cli.cjs: node_modules/.installed $(SOURCES)
	@npm run --silent build

node_modules/.installed: package.json package-lock.json
	@npm ci --no-fund --no-audit --loglevel=error >&2
	@touch $@
