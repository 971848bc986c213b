#!/bin/sh
# Makes a small repository in a temporary place, runs the ten tasks of roadmap.yaml on it, and shows what came of it.
# Arguments are passed on to `autopilot run`.
set -eu

here=$(cd -- "$(dirname -- "$0")" && pwd)
repository=$(mktemp -d "${TMPDIR:-/tmp}/autopilot-example.XXXXXX")

echo "No ROADMAP given: running the bundled example (ten tasks of half a second) in $repository" >&2
cd "$repository"
git init --quiet .
git symbolic-ref HEAD refs/heads/main
cp "$here/roadmap.yaml" roadmap.yaml
printf '# Example\n\nA small repository for autopilot to work on.\n' > README.md
git add README.md roadmap.yaml
git -c user.name='Autopilot example' -c user.email=example@localhost commit --quiet --message='An empty project'

code=0
node "$here/../../bin/autopilot.js" run "$@" || code=$?

# Nothing has run (a wrong option, a dry run): there is nothing to look at.
if [ ! -e .autopilot ]; then
  cd "$here"
  rm -rf -- "$repository"
  exit "$code"
fi

if git rev-parse --quiet --verify autopilot/main > /dev/null; then
  echo
  echo 'Commits on autopilot/main:'
  git --no-pager log --format='  %h %s' main..autopilot/main
  echo 'Statuses in roadmap.yaml:'
  awk '/^  - id:/ { id = $3; status = "pending" } /^    status:/ { status = $2 } /^    run:/ { print "  " id ": " status }' roadmap.yaml
  echo "The repository: $repository"
fi
exit "$code"
