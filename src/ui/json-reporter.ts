import type { Reporter, Sink } from './contract.js'

/** One event a line, as in the journal. */
export function jsonReporter(sink: Sink): Reporter {
  return {
    record: (record) => sink.write(`${JSON.stringify(record)}\n`),
    close: () => undefined,
  }
}
