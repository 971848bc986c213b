import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/**
 * Has Node end with the exit code that was chosen, also when its terminal has gone away meanwhile. As it exits, Node restores the
 * mode of each standard stream that was a terminal at the start, and takes a failure of that for a bug of its own: it aborts,
 * and the code is 134 (`ResetStdio` in Node's `src/node.cc`). A descriptor that leads elsewhere by then is left alone.
 */
export function outliveTerminal(): void {
  const terminals = [0, 1, 2].filter(isatty)
  if (terminals.length === 0) return
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) leadNowhere(fd)
  })
}

function leadNowhere(fd: number): void {
  try {
    closeSync(fd)
    // The lowest number that is free: the same.
    openSync('/dev/null', 'r+')
  } catch {
    // It is closed by now, which does as well.
  }
}
