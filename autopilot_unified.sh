#!/bin/sh
# Autopilot's entry for shell scripts and CI. Works from any directory; stdout is autopilot's own; returns its exit code.
set -eu

usage() {
  cat <<'TEXT'
usage: autopilot_unified.sh [roadmap] [--agents N] [--max-iterations N] [--dry-run] [option of autopilot run]...

  --agents N           agent slots (default 5)
  --max-iterations N   attempts a task has at most (default 3)
  --dry-run            show what would run; start nothing
  --help               show this help

Everything else goes to `autopilot run` as it is; `node bin/autopilot.js run --help` lists it. Works from any
directory, builds autopilot when needed (quietly), keeps stdout for autopilot's own output.

exit codes: 0 all done, 1 some not done, 2 bad usage or roadmap, 3 no usable agent CLI, 4 not safe to run,
            75 stopped early, worth running again, 130/143 interrupted/terminated
TEXT
}

fail() {
  echo "autopilot_unified.sh: $1" >&2
  exit 2
}

# Follows symbolic links, so that a link in ~/bin works.
self=$0
while [ -h "$self" ]; do
  link=$(readlink -- "$self")
  case $link in
    /*) self=$link ;;
    *) self=$(dirname -- "$self")/$link ;;
  esac
done
home=$(cd -- "$(dirname -- "$self")" && pwd -P)

# Rebuilds the argument list with our own words translated, keeping every argument whole.
count=$#
while [ "$count" -gt 0 ]; do
  argument=$1
  shift
  count=$((count - 1))
  case $argument in
    --help | -h)
      usage
      exit 0
      ;;
    --max-iterations) set -- "$@" --iterations ;;
    --max-iterations=*) set -- "$@" "--iterations=${argument#*=}" ;;
    *) set -- "$@" "$argument" ;;
  esac
done

command -v node > /dev/null 2>&1 || fail 'Node.js is not installed; version 20.19 or newer is needed'
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "Node.js $(node --version) is too old; version 20.19 or newer is needed"

if [ -f "$home/Makefile" ] && ! make -C "$home" --question build > /dev/null 2>&1; then
  log=$(mktemp "${TMPDIR:-/tmp}/autopilot-build.XXXXXX")
  if ! make -C "$home" --no-print-directory build > "$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail 'the build failed'
  fi
  rm -f "$log"
fi

exec node "$home/bin/autopilot.js" run "$@"
