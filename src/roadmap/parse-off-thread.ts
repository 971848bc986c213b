import { createWorker } from '../platform/worker.js'
import { parseRoadmap, type ParsedRoadmap, type ParseOptions } from './formats/native/parse.js'

/** What the worker thread is asked. */
export interface ParseQuestion {
  readonly bytes: Uint8Array
  readonly options: ParseOptions
}

/** Parses a roadmap somewhere; the answer is as that of {@link parseRoadmap}. */
export type ParseElsewhere = (bytes: Uint8Array, options: ParseOptions) => Promise<ParsedRoadmap>

/**
 * Parses in a worker thread made of the bundled entry at `workerUrl`. Where no thread can be had, the main thread
 * parses: slower for everything else, but right.
 */
export function parseOffThread(workerFile: string): ParseElsewhere {
  const ask = createWorker<ParseQuestion, ParsedRoadmap>(workerFile)
  return async (bytes, options) => {
    const answer = await ask({ bytes, options })
    return answer.ok ? answer.value : parseRoadmap(bytes, options)
  }
}
