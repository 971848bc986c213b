import { answerOffThread } from '../../platform/worker.js'
import { answerKept, type KeptAnswer, type KeptQuestion } from './fingerprint.js'

/** Notes what setup made, and tells later whether it is still that. */
export type Keeper = (question: KeptQuestion) => Promise<KeptAnswer>

/** Looks from a worker thread, see {@link answerOffThread}. */
export function keeperOffThread(workerFile: string): Keeper {
  return answerOffThread(workerFile, answerKept)
}
