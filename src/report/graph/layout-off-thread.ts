import { answerOffThread } from '../../platform/worker.js'
import type { Layout, LayoutQuestion } from './layout-form.js'
import { plainLayout } from './plain-layout.js'

/** Lays a graph out somewhere; see `layout.ts`. */
export type LayOut = (question: LayoutQuestion) => Promise<Layout>

/** In a worker thread: a run that is at work must not wait for it. Where no thread can be had, it is done more simply. */
export function layoutOffThread(workerFile: string): LayOut {
  return answerOffThread(workerFile, plainLayout, { endsWhenIdle: true })
}
