import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { tempDir } from './temp-dir.js'

/** A terminal as people have one: tmux, which breaks lines anew when its window changes. */
export interface Tmux {
  /** What is to be seen, row by row, without trailing blanks and empty rows at the end. */
  screen(): readonly string[]
  /** As `screen`, and what has scrolled out of reach before it. */
  all(): readonly string[]
  /** The same as `screen`, with its colours as escape sequences. */
  coloured(): string
  readonly cursorVisible: boolean
  resize(columns: number, rows: number): void
  /** Types, as a person would: names of keys such as `C-c`, or text. */
  type(...keys: readonly string[]): void
}

export const hasTmux = spawnSync('tmux', ['-V']).status === 0

const config = 'set -g status off\nset -g history-limit 5000\nset -s escape-time 0\nset -g remain-on-exit on\n'

/** Starts a program in a new terminal of this size. */
export function startTmux(
  [columns, rows]: readonly [number, number],
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Tmux {
  const directory = tempDir()
  const file = join(directory, 'tmux.conf')
  writeFileSync(file, config)
  // Nothing of whoever runs the tests reaches the program.
  const env = { PATH: process.env.PATH ?? '', HOME: directory, LC_ALL: 'C.UTF-8', TZ: 'UTC' }
  const variables = Object.entries(options.env ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`])
  const tmux = (...args: readonly string[]) =>
    execFileSync('tmux', ['-u', '-S', join(directory, 'socket'), '-f', file, ...args], { encoding: 'utf8', env })
  const place = ['-x', String(columns), '-y', String(rows), '-c', options.cwd ?? directory]
  tmux('new-session', '-d', ...place, ...variables, ...command)
  onTestFinished(() => void tmux('kill-server'))
  const shown = (...args: readonly string[]) =>
    tmux('capture-pane', '-p', ...args)
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd())
  return {
    screen: () => shown(),
    all: () => shown('-S', '-'),
    coloured: () => tmux('capture-pane', '-p', '-e'),
    get cursorVisible() {
      return tmux('display-message', '-p', '#{cursor_flag}').trim() === '1'
    },
    resize: (x, y) => void tmux('resize-window', '-x', String(x), '-y', String(y)),
    type: (...keys) => void tmux('send-keys', ...keys),
  }
}
