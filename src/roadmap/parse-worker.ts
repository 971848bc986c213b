import { answerInWorker } from '../platform/worker-side.js'
import { parseToParts, type ParseQuestion } from './parse-off-thread.js'

// The entry of the worker thread: parsing a big roadmap takes seconds, in which the main thread must not stand.
answerInWorker((question) => parseToParts(question as ParseQuestion))
