import { readdirSync, readFileSync } from 'node:fs'

/**
 * The memory of a process and all its descendants, in MB: what each has in memory, of pages that several share its part
 * (`Pss` of proc(5)), so that the sum counts nothing twice.
 */
export function memoryOfTree(root) {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parentOf(pid)]),
  )
  const isInTree = (pid) => pid === root || (parents.has(pid) && isInTree(parents.get(pid)))
  const kibibytes = [...parents.keys()].filter(isInTree).map(sharedPart)
  return (kibibytes.reduce((sum, each) => sum + each, 0) * 1024) / 1e6
}

function parentOf(pid) {
  const stat = read(`/proc/${pid}/stat`)
  // The name before it may hold blanks and parentheses.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function sharedPart(pid) {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
}

/** Empty once the process is gone. */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
