import type { Provider } from './contract.js'
import { textEvent } from './line.js'

/** Of a command that reports nothing: its exit status counts, and its last line of output is its final text. */
export const byExit: Pick<Provider, 'readLine' | 'wantedLines' | 'finalEvent' | 'passedVariables'> = {
  readLine: (line) => (line.trim() === '' ? [] : [textEvent(line)]),
  wantedLines: 'latest',
  finalEvent: 'exit',
  passedVariables: [],
}
