#!/bin/sh
# What people write today: xargs, a worktree for each task, a merge under a lock, and a check that every commit arrived.
# Usage: xargs-merge.sh SLOTS SECONDS COUNT, in a repository with a clean checked-out branch.
set -eu
slots=$1 seconds=$2 count=$3
main=$(pwd)
trees=$(mktemp -d)
start=$(git rev-parse HEAD)
export main trees seconds

# Gits that list the worktrees fail when they meet one that another is just making, hence the further tries.
# shellcheck disable=SC2016
seq "$count" | xargs -P "$slots" -I '{}' sh -euc '
  again() {
    for _ in 1 2 3 4 5 6 7 8 9; do "$@" 2>/dev/null && return; done
    "$@"
  }
  tree=$trees/{}
  again git worktree add --quiet --detach --force "$tree" HEAD
  cd "$tree"
  sleep "$seconds"
  echo {} > made-{}.txt
  git add -A
  again git commit --quiet --message "Task {}"
  made=$(git rev-parse HEAD)
  cd "$main"
  again flock "$trees/lock" git merge --quiet --no-edit "$made"
  again git worktree remove --force "$tree"
'

arrived=$(git rev-list --count --no-merges "$start..HEAD")
rm -rf "$trees"
if [ "$arrived" != "$count" ]; then
  echo "$arrived of $count commits arrived" >&2
  exit 1
fi
