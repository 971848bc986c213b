import { answerInWorker } from '../platform/worker-side.js'
import type { ParseQuestion } from './parse-off-thread.js'
import { parseRoadmap, type ParsedRoadmap } from './formats/native/parse.js'

// The entry of the worker thread: parsing a big roadmap takes half a second, in which the main thread must not stand.
answerInWorker((question): ParsedRoadmap => {
  const { bytes, options } = question as ParseQuestion
  return parseRoadmap(bytes, options)
})
