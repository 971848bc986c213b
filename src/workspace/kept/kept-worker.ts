import { answerInWorker } from '../../platform/worker-side.js'
import { answerKept, type KeptAnswer, type KeptQuestion } from './fingerprint.js'

// The entry of the worker thread: looking at 20,000 files takes longer than the main thread may stand.
answerInWorker((question): KeptAnswer => answerKept(question as KeptQuestion))
