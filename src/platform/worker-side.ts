import { parentPort } from 'node:worker_threads'

/** The other end of {@link answerOffThread}: answers each question that reaches this thread. */
export function answerInWorker(answer: (question: unknown) => unknown): void {
  parentPort?.on('message', ({ number, body }: { number: number; body: unknown }) => {
    parentPort?.postMessage({ number, body: answer(body) })
  })
}
