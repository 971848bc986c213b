import { createWorker } from '../../platform/worker.js'
import { answerKept, type KeptAnswer, type KeptQuestion } from './fingerprint.js'

/** Notes what setup made, and tells later whether it is still that. */
export type Keeper = (question: KeptQuestion) => Promise<KeptAnswer>

/**
 * Looks from a worker thread made of the bundled entry in `workerFile`. Where no thread can be had, the main thread looks:
 * slower for everything else, but right.
 */
export function keeperOffThread(workerFile: string): Keeper {
  const ask = createWorker<KeptQuestion, KeptAnswer>(workerFile)
  return async (question) => {
    const answer = await ask(question)
    return answer.ok ? answer.value : answerKept(question)
  }
}
