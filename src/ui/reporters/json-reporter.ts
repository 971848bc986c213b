import { jsonLine } from '../../domain/json-line.js'
import { publicRecord } from '../../domain/run/event.js'
import type { Reporter, Sink } from './contract.js'

/** One event a line, as in the journal, without what is autopilot's own. */
export function jsonReporter(sink: Sink): Reporter {
  return {
    record: (record) => sink.write(jsonLine(publicRecord(record))),
    close: () => undefined,
  }
}
