import { answerOffThread } from '../platform/worker.js'
import { parseRoadmap, type ParsedRoadmap, type ParseOptions } from './formats/native/parse.js'

/** What the worker thread is asked. */
export interface ParseQuestion {
  readonly bytes: Uint8Array
  readonly options: ParseOptions
}

/** Parses a roadmap somewhere; the answer is as that of {@link parseRoadmap}. */
export type ParseElsewhere = (bytes: Uint8Array, options: ParseOptions) => Promise<ParsedRoadmap>

/** Parses in a worker thread, see {@link answerOffThread}. */
export function parseOffThread(workerFile: string): ParseElsewhere {
  const here = ({ bytes, options }: ParseQuestion) => parseRoadmap(bytes, options)
  const parse = answerOffThread(workerFile, here)
  return (bytes, options) => parse({ bytes, options })
}
