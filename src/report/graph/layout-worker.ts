import { answerInWorker } from '../../platform/worker-side.js'
import type { LayoutQuestion } from './layout-form.js'
import { layoutGraph } from './layout.js'

// The entry of the worker thread: a graph of some hundred nodes takes seconds, in which the main thread must not stand.
answerInWorker((question) => layoutGraph(question as LayoutQuestion))
