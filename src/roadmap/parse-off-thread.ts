import { answerOffThread } from '../platform/worker.js'
import type { ParsedRoadmap, ParseOptions } from './formats/contract.js'
import { parseRoadmap } from './formats/parse.js'
import { fromParts, toParts, type Parts } from './parts.js'

/** What the worker thread is asked. */
export interface ParseQuestion {
  readonly bytes: Uint8Array
  readonly options: ParseOptions
}

/** Parses a roadmap somewhere; the answer is as that of {@link parseRoadmap}, without the graph where there are errors. */
export type ParseElsewhere = (bytes: Uint8Array, options: ParseOptions) => Promise<ParsedRoadmap>

/** Parses in a worker thread, see {@link answerOffThread}: it takes some hundred MB, which the thread's end gives back. */
export function parseOffThread(workerFile: string): ParseElsewhere {
  const parse = answerOffThread(workerFile, parseToParts, { endsWhenIdle: true })
  return async (bytes, options) => fromParts(await parse({ bytes, options }))
}

/** What the worker thread answers. */
export function parseToParts({ bytes, options }: ParseQuestion): Parts {
  return toParts(parseRoadmap(bytes, options))
}
