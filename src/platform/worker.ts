import { Worker } from 'node:worker_threads'
import { err, ok, type Result } from '../domain/result.js'

interface NumberedMessage {
  readonly number: number
  readonly body: unknown
}

export interface WorkerOptions {
  /** The thread ends when nothing waits for an answer: for questions that are seldom asked and take much memory. */
  readonly endsWhenIdle?: boolean
}

/**
 * Answers questions in a worker thread made of a bundled entry. Where no thread can be had, this one answers: slower for
 * everything else, but right.
 */
export function answerOffThread<Question, Answer>(
  file: string,
  here: (question: Question) => Answer,
  options: WorkerOptions = {},
): (question: Question) => Promise<Answer> {
  const ask = createWorker<Answer>(file, options)
  return async (question) => {
    const answer = await ask(question)
    return answer.ok ? answer.value : here(question)
  }
}

/**
 * A worker thread that answers questions, started at the first one and restarted after a crash. It keeps the process
 * alive only while an answer is awaited. The error says in one line why the thread couldn't answer.
 */
function createWorker<Answer>(
  file: string,
  { endsWhenIdle = false }: WorkerOptions,
): (question: unknown) => Promise<Result<Answer, string>> {
  const waiting = new Map<number, (result: Result<Answer, string>) => void>()
  let worker: Worker | undefined
  let last = 0
  const settle = (number: number, result: Result<Answer, string>) => {
    waiting.get(number)?.(result)
    waiting.delete(number)
    if (waiting.size > 0) return
    worker?.unref()
    if (!endsWhenIdle) return
    void worker?.terminate()
    worker = undefined
  }
  const end = (ended: Worker, reason: string) => {
    // What is asked since it was given up is asked of another.
    if (worker !== ended) return
    worker = undefined
    for (const number of [...waiting.keys()]) settle(number, err(reason))
  }
  const start = () => {
    const started = new Worker(file)
    started.on('message', ({ number, body }: NumberedMessage) => settle(number, ok(body as Answer)))
    started.on('error', (error) => end(started, error instanceof Error ? error.message : 'the worker failed'))
    started.on('exit', (code) => end(started, `the worker ended with exit code ${code}`))
    return started
  }
  return (question) =>
    new Promise((resolve) => {
      worker ??= start()
      waiting.set(++last, resolve)
      worker.ref()
      worker.postMessage({ number: last, body: question } satisfies NumberedMessage)
    })
}
