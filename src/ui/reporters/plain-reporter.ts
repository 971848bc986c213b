import type { Reporter, Sink } from './contract.js'
import { below, describe } from '../describe.js'

/** Plain lines for pipes, logs and CI: no colour, no cursor movement. */
export function plainReporter(sink: Sink): Reporter {
  return {
    record(record, state) {
      const line = describe(record, state)
      if (line) sink.write(`${[line.text, ...below(line)].join('\n')}\n`)
    },
    close: () => undefined,
  }
}
