#!/bin/sh
# What people write today: xargs, a worktree for each task, a merge under a lock, and a check that every commit arrived.
# Usage: xargs-merge.sh SLOTS SECONDS COUNT, in a repository with a clean checked-out branch.
set -eu
slots=$1 seconds=$2 count=$3
main=$(pwd)
trees=$(mktemp -d)
start=$(git rev-parse HEAD)
export main trees seconds

# `git worktree add` in parallel may lose a race for a lock, hence the second try.
# shellcheck disable=SC2016
seq "$count" | xargs -P "$slots" -I '{}' sh -euc '
  tree=$trees/{}
  git worktree add --quiet --detach "$tree" HEAD 2>/dev/null || git worktree add --quiet --detach "$tree" HEAD
  cd "$tree"
  sleep "$seconds"
  echo {} > made-{}.txt
  git add -A
  git commit --quiet --message "Task {}"
  made=$(git rev-parse HEAD)
  cd "$main"
  flock "$trees/lock" git merge --quiet --no-edit "$made"
  git worktree remove --force "$tree"
'

arrived=$(git rev-list --count --no-merges "$start..HEAD")
rm -rf "$trees"
if [ "$arrived" != "$count" ]; then
  echo "$arrived of $count commits arrived" >&2
  exit 1
fi
