import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { ownPath } from '../programs/own-programs.js'
import type { RunTraces } from '../../domain/process/stray.js'
import type { TerminalBefore } from '../terminal/typed-keys.js'
import { hasPipes } from './open-files.js'

/**
 * Lines of the pipe are `add PGID`, `del PGID`, `own PLACE`, `disown PLACE`, `terminal SETTINGS DEVICE`, `left` and `end`. At the
 * end of the file: the terminal's settings and its cursor; TERM to all groups and to what left them, and CONT, since they may be
 * stopped, at most 0.7 s of grace, KILL, and up to five looks for what was being started meanwhile; 2 s
 * in all.
 *
 * `$1` is the environment entry that all of the run bear; what follows are the places that are known already, so that one
 * that replaces another has them before it reads a line. A place is the last two parts of a directory in which nobody else
 * works; where there is no /proc, only the groups end. One grep and one find look through all processes: a shell that did it
 * process by process took 4.6 s. A zombie counts as gone, since in a container nobody may reap it. A process with a
 * terminal, field 7 of proc(5)'s stat, is a person's, who looks into the workspace.
 */
const script = `
trap '' INT TERM HUP QUIT PIPE
groups=
terminal=
entry=$1
shift
places=$*
without() {
  left=
  for one in $1; do [ "$one" = "$2" ] || left="$left $one"; done
}
while read -r order id; do
  case $order in
    add) groups="$groups $id" ;;
    del) without "$groups" "$id"; groups=$left ;;
    own) places="$places $id" ;;
    disown) without "$places" "$id"; places=$left ;;
    terminal) terminal=$id ;;
    left) terminal= ;;
    end) exit 0 ;;
  esac
done
if [ -n "$terminal" ]; then
  device=\${terminal#* }
  stty "\${terminal%% *}" <"$device" 2>/dev/null
  printf '\\033[?25h' >"$device" 2>/dev/null
fi
signal() {
  how=$1
  shift
  for one in "$@"; do
    kill -s "$how" -- "-$one" 2>/dev/null
    kill -s "$how" -- "$one" 2>/dev/null
  done
}
running() {
  [ -n "$groups" ] || return 1
  if [ -r /proc/self/stat ]; then
    any=
    for one in $groups; do any="$any|$one"; done
    grep -Eqs "^[0-9]+ \\\\(.*\\\\) [^ZX] [0-9]+ (\${any#|}) " /proc/[0-9]*/stat
  else
    for one in $groups; do kill -s 0 -- "-$one" 2>/dev/null && return 0; done
    return 1
  fi
}
look() {
  strays=
  [ -r /proc/self/environ ] || return 0
  for path in $(grep -lzxFs -e "$entry" /proc/[0-9]*/environ); do
    one=\${path#/proc/}
    strays="$strays \${one%%/*}"
  done
  [ -n "$places" ] || return 0
  set --
  for one in $places; do set -- "$@" -o -lname "*/$one/*"; done
  shift
  for path in $(find /proc/[0-9]*/cwd -maxdepth 0 "(" "$@" ")" 2>/dev/null); do
    one=\${path#/proc/}
    one=\${one%%/*}
    read -r stat 2>/dev/null <"/proc/$one/stat" || continue
    set -- \${stat##*) }
    [ "$5" = 0 ] && [ "$1" != Z ] && strays="$strays $one"
  done
}
look
signal TERM $groups $strays
signal CONT $groups $strays
tries=0
while [ $tries -lt 7 ] && running; do
  sleep 0.1
  tries=$((tries + 1))
done
signal KILL $groups
tries=0
while [ $tries -lt 5 ]; do
  look
  [ -n "$strays" ] || break
  signal KILL $strays
  tries=$((tries + 1))
done
`

/** What it is called in a list of processes; the run's entry comes behind it. */
export const watchdogName = 'autopilot-watchdog'

/** It has nothing to die of: when it dies often, something ends it on purpose. */
const maxRestarts = 5

/**
 * Ends what a run has started when autopilot dies, however it does: a small shell in a session of its own that reads a
 * pipe whose other end autopilot alone holds. It does not keep autopilot alive.
 */
export class Watchdog {
  readonly #entry: string
  readonly #groups = new Set<number>()
  readonly #places: Set<string>
  #terminal: TerminalBefore | undefined
  readonly #lost = new AbortController()
  #pipe: Writable | undefined
  #restarts = 0
  #isClosed = false
  #revival = nextRevival()

  constructor({ entry, places }: RunTraces) {
    this.#entry = entry
    this.#places = new Set(places)
    this.#pipe = this.#start()
  }

  /** Resolves when the group is known to it: from then on it ends with autopilot. Never rejects. */
  watch(pgid: number): Promise<void> {
    this.#groups.add(pgid)
    return this.#tellRepeatedly(`add ${pgid}\n`)
  }

  /** The group is gone; its number may be given to others. */
  unwatch(pgid: number): void {
    if (this.#groups.delete(pgid)) void this.#tell(`del ${pgid}\n`)
  }

  /** A directory is the run's, by the last two parts of its path: what works in it ends with autopilot. Never rejects. */
  own(place: string): Promise<void> {
    this.#places.add(place)
    return this.#tellRepeatedly(`own ${place}\n`)
  }

  /** It will soon be another's. Resolves when the watchdog will not look there any more. */
  disown(place: string): Promise<void> {
    this.#places.delete(place)
    return this.#tellRepeatedly(`disown ${place}\n`)
  }

  /** A terminal is not as it was, or is again: should autopilot die, it is put back. */
  guardTerminal(before: TerminalBefore | undefined): void {
    this.#terminal = before
    void this.#tell(before ? terminalLine(before) : 'left\n')
  }

  /** The directories that are the run's now. */
  get places(): readonly string[] {
    return [...this.#places]
  }

  /** Autopilot itself has ended what there was: the watchdog goes without a look. */
  close(): void {
    this.#isClosed = true
    this.#pipe?.end('end\n')
  }

  /** Aborted when it died so often that it is not started again: what runs is unguarded from then on. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  #start(): Writable {
    const child = spawnWatchdog({ entry: this.#entry, places: this.places })
    let isOver = false
    const over = () => {
      if (!isOver) this.#revive()
      isOver = true
    }
    child.once('error', over)
    child.once('exit', over)
    const terminal = this.#terminal ? [terminalLine(this.#terminal)] : []
    const lines = [...[...this.#groups].map((pgid) => `add ${pgid}\n`), ...terminal]
    // Before everything that follows: the pipe keeps the order.
    if (lines.length > 0 && hasPipes(child)) child.stdin.write(lines.join(''))
    return child.stdin
  }

  /** A watchdog that has died is replaced at once; the new one is told everything again. */
  #revive(): void {
    this.#pipe = undefined
    if (this.#isClosed) return
    if (this.#restarts++ < maxRestarts) this.#pipe = this.#start()
    else this.#lost.abort()
    this.#revival.resolve()
    this.#revival = nextRevival()
  }

  /** False when the watchdog that was told has died, or was about to. */
  #tell(line: string): Promise<boolean> {
    const pipe = this.#pipe
    if (!pipe) return Promise.resolve(false)
    return new Promise((resolve) => pipe.write(line, (error) => resolve(!error)))
  }

  /** Repeats it to each replacement of one that died meanwhile; telling it twice does no harm. */
  async #tellRepeatedly(line: string): Promise<void> {
    for (;;) {
      const revival = this.#revival.promise
      if ((await this.#tell(line)) || !this.#pipe) return
      await revival
    }
  }
}

/** The shell itself: when its input is closed, it ends what it was told of. */
export function spawnWatchdog({ entry, places }: RunTraces): ChildProcessByStdio<Writable, null, null> {
  const child = spawn('/bin/sh', ['-c', script, watchdogName, entry, ...places], {
    // Nothing in it may look like a part of the run.
    env: { PATH: ownPath() },
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  if (!hasPipes(child)) return child
  // It may be gone before it has been told; its end tells.
  child.stdin.on('error', () => undefined)
  child.unref()
  ;(child.stdin as unknown as Socket).unref()
  return child
}

function terminalLine({ settings, device }: TerminalBefore): string {
  return `terminal ${settings} ${device}\n`
}

function nextRevival() {
  const handles: { resolve: () => void } = { resolve: () => undefined }
  const promise = new Promise<void>((resolve) => (handles.resolve = resolve))
  return { promise, resolve: () => handles.resolve() }
}
