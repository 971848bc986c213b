import type { ErrorCode, YAMLError } from 'yaml'
import { addProblem, lineText, positionAt, type Reading } from '../../domain/roadmap/source.js'

/**
 * Turns an error of the parser into words for the author of the file. Source of the codes: `ErrorCode` in yaml 2.9.1.
 * Drops errors that follow another one at the same position: they only repeat it.
 */
export function addYamlError(reading: Reading, error: YAMLError): void {
  const offset = error.pos[0]
  const { line, column } = positionAt(reading.source, offset)
  const { code, text, help, at = offset } = describe(reading, error, line)
  // After the parser's stack has ended, everything is an echo; so is a second complaint about a line's structure.
  const repeats = reading.problems.some(({ code: earlier, position }) => {
    const sameLine = position.line === line && (position.column === column || code === 'E013')
    return earlier === 'E008' || sameLine
  })
  if (repeats) return
  addProblem(reading, code, at, text, { help })
}

interface Description {
  readonly code: string
  readonly text: string
  readonly help: string
  /** Where it stands, if not where the parser stopped. */
  readonly at?: number
}

function describe(reading: Reading, error: YAMLError, line: number): Description {
  const { source } = reading
  const simple = simpleErrors[error.code]
  if (simple) return { ...simple, text: simple.text(source.text.charAt(error.pos[0])) }
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && hasSecondColon(lineText(source, line))) {
    return { code: 'E011', text: 'a second ": " in a plain value', help: 'put the value in quotes' }
  }
  const at = openerOf(reading, error)
  if (at !== undefined) {
    return { code: 'E014', text: `${source.text.charAt(at)} is never closed`, help: 'add the missing end', at }
  }
  const above = line > 1 ? `line ${line - 1} reads: ${lineText(source, line - 1)} - ` : ''
  const help = `${above}line ${line} reads: ${lineText(source, line)}`
  return { code: 'E013', text: `indentation or structure does not match: ${error.message}`, help }
}

/** Errors that mean the same wherever they stand. */
const simpleErrors: Partial<Record<ErrorCode, { code: string; text: (character: string) => string; help: string }>> = {
  BAD_SCALAR_START: {
    code: 'E010',
    text: (character) => `a plain value cannot start with ${character}`,
    help: 'put the value in quotes',
  },
  TAB_AS_INDENT: { code: 'E012', text: () => 'tabs cannot indent YAML', help: 'replace the tab with spaces' },
  MULTIPLE_DOCS: {
    code: 'E016',
    text: () => 'more than one document in this file',
    help: 'a file may have one roadmap: remove the line "---" here',
  },
  RESOURCE_EXHAUSTION: {
    code: 'E008',
    text: () => 'nested too deep',
    help: 'use less nesting: a roadmap needs only a few levels',
  },
  BAD_ALIAS: { code: 'E017', text: () => 'unreadable alias', help: 'put the value in quotes' },
}

function hasSecondColon(line: string): boolean {
  return /^(?:- )*[^"'{[#]*?: [^"'{[|>].*:(?: |$)/.test(line)
}

/** The position of the quote or bracket whose end the parser missed. */
function openerOf({ source }: Reading, { code, message, pos }: YAMLError): number | undefined {
  if (code === 'MISSING_CHAR' && message.startsWith('Missing closing')) return openQuote(source.text, pos[0], message)
  const closer = /(?:with a|found) ([\]}])|end with (?:a )?([\]}])/.exec(message)
  const bracket = closer?.[1] ?? closer?.[2]
  if (bracket === undefined) return undefined
  return openBracket(source.text.slice(0, pos[0]), bracket === ']' ? '[' : '{', bracket)
}

/** The parser reports the end of the scalar; its opening quote is the last one after an indicator. */
function openQuote(text: string, end: number, message: string): number | undefined {
  const quote = message.includes("'") ? "'" : '"'
  for (let at = text.lastIndexOf(quote, end - 1); at >= 0; at = text.lastIndexOf(quote, at - 1)) {
    if (at === 0 || /[\s[{,:]/.test(text.charAt(at - 1))) return at
  }
  return undefined
}

function openBracket(text: string, open: string, close: string): number | undefined {
  let depth = 0
  for (let at = text.length - 1; at >= 0; at--) {
    const character = text.charAt(at)
    if (character === close) depth++
    else if (character === open && depth-- === 0) return at
  }
  return undefined
}
