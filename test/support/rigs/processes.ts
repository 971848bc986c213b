import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process that has to do with a place: it works there, or its environment names it. */
export interface PlacedProcess {
  readonly pid: number
  readonly command: string
}

/** All living processes, in whatever group or session, whose directory or environment points into `place`. Needs /proc, so Linux. */
export function processesIn(place: string): readonly PlacedProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isIn(pid, place))
    .map((pid) => ({ pid: Number(pid), command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() }))
}

/** A zombie has no environment any more, so it is none of them. */
function isIn(pid: string, place: string): boolean {
  if (read(`/proc/${pid}/environ`).includes(place)) return true
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${place}/`)
  } catch {
    return false
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The children of a process that have not been reaped, as a rule the oldest first. Needs /proc, so Linux. */
export function childrenOf(parent: number): readonly PlacedProcess[] {
  return (
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && fieldsOf(name)[1] === String(parent))
      .map((pid) => ({ pid: Number(pid), began: Number(fieldsOf(pid)[19]), command: commandOf(pid) }))
      // By their start first: process numbers begin again at the bottom.
      .sort((one, other) => one.began - other.began || one.pid - other.pid)
  )
}

function commandOf(pid: string): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
}

/** The state of a process by proc(5), such as `T` for stopped; empty once it is gone. */
export function stateOf(pid: number): string {
  return fieldsOf(String(pid))[0] ?? ''
}

function fieldsOf(pid: string): readonly string[] {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
