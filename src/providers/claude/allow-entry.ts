import { isAbsolute, relative } from 'node:path'
import type { RefusedCall } from '../adapter/contract.js'

/**
 * The entry of `allow:` that lets claude permit what it refused, as narrow as possible; undefined if none is known.
 * Source: tried with 2.1.332, which takes a whole command as it is, also with several parts, quotes and parentheses; a
 * path outside of the working directory with `//` before it, for `Edit` even if the tool was `Write`. No entry permits
 * what claude protects inside that directory, such as `.claude`.
 */
export function claudeAllowEntry({ tool, about, message }: RefusedCall, cwd: string): string | undefined {
  if (forbidden.test(message)) return undefined
  switch (tool) {
    case 'Bash':
      return commandEntry(about, message)
    case 'Edit':
    case 'Write':
    case 'NotebookEdit':
      return pathEntry('Edit', about, cwd)
    case 'Read':
      return pathEntry('Read', about, cwd)
    case 'WebFetch':
      return addressEntry(about)
    case 'Skill':
      return about !== undefined && /^[\w:-]{1,100}$/.test(about) ? `Skill(${about})` : undefined
    default:
      return /^[A-Za-z][\w-]{0,100}$/.test(tool) ? tool : undefined
  }
}

/** A rule of the user's forbids it, and wins over any list. Source: observed with 2.1.332. */
const forbidden = /has been denied\.\s*$/

/** Said about a command of several parts if only one of them is missing. Source: recorded with 2.1.332. */
const missingPart = /The following part requires approval: (.+)$/s

/**
 * A star would permit more than was asked for. What ends in `&`, or has parentheses and a redirection, is not recognised
 * again (tried); other oddities are not tried for.
 */
function commandEntry(about: string | undefined, message: string): string | undefined {
  const part = missingPart.exec(message)?.[1]
  const command = (part !== undefined && about?.includes(part) ? part : about)?.trim()
  if (command === undefined || command === '' || !isBalanced(command)) return undefined
  if (/[*\\\x00-\x1f\x7f-\uffff]|&$|[()].*[<>]|[<>].*[()]/.test(command)) return undefined
  return `Bash(${command})`
}

function isBalanced(command: string): boolean {
  let depth = 0
  for (const char of command) {
    if (char === '(') depth++
    if (char === ')' && --depth < 0) return false
  }
  return depth === 0
}

function pathEntry(tool: string, about: string | undefined, cwd: string): string | undefined {
  if (about === undefined || !isAbsolute(about) || /[()*?[\]{}!\\\x00-\x1f\x7f-\uffff]/.test(about)) return undefined
  const inside = relative(cwd, about)
  return inside === '..' || inside.startsWith('../') ? `${tool}(/${about})` : undefined
}

function addressEntry(about: string | undefined): string | undefined {
  const host = about === undefined ? undefined : /^https?:\/\/([a-z0-9.-]+)(?:[:/?#]|$)/i.exec(about)?.[1]
  return host === undefined ? undefined : `WebFetch(domain:${host})`
}
