import { jsonLine } from '../domain/json-line.js'
import type { Reporter, Sink } from './contract.js'

/** One event a line, as in the journal. */
export function jsonReporter(sink: Sink): Reporter {
  return {
    record: (record) => sink.write(jsonLine(record)),
    close: () => undefined,
  }
}
