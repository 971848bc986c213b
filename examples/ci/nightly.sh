#!/bin/sh
# A run for the night. It ends in time, saves its state for CI to cache, and the next night goes on where it stopped.
#
# usage: nightly.sh ROADMAP [option of autopilot run]...
#
#   AUTOPILOT    the command (autopilot)
#   TARGET       the branch for what is done (autopilot/nightly)
#   TIME_LIMIT   when the run stops (5h); after that, agents have ten minutes to finish
#   STATE        the directory to cache (.autopilot/state)
#
# Exit codes are autopilot's; 75 means: stopped early, the next night goes on.
set -eu

autopilot=${AUTOPILOT:-autopilot}
target=${TARGET:-autopilot/nightly}
state=${STATE:-.autopilot/state}

# A fresh checkout knows nothing of the night before: neither its commits nor its runs.
restore() {
  if [ -f "$state/refs.bundle" ]; then
    git fetch --quiet "$state/refs.bundle" "+refs/heads/$target:refs/heads/$target" '+refs/autopilot/*:refs/autopilot/*'
  fi
  if [ -f "$state/runs.tar" ]; then tar -xf "$state/runs.tar"; fi
}

# Only the commits that the checkout of the next night does not have anyway.
save() {
  [ -d .autopilot/runs ] || return 0
  mkdir -p "$state"
  tar -cf "$state/runs.tar" .autopilot/runs
  rm -f "$state/refs.bundle"
  git bundle create --quiet "$state/refs.bundle" "refs/heads/$target" --glob='refs/autopilot/*' --not HEAD ||
    echo 'nothing of this night is missing in HEAD' >&2
}

restore
# Whoever stops the job stops autopilot, too; what it has done by then is saved.
trap : INT TERM
trap save EXIT
$autopilot run "$@" --target "$target" --time-limit "${TIME_LIMIT:-5h}" --drain 10m --on-limit stop
