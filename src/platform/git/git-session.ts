import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { err, ok, type Result } from '../../domain/result.js'
import { startGit, type GitOptions, type GitPlace } from './git.js'
import type { GitFailure } from './git-failure.js'
import { noteGitStep } from './living-gits.js'
import { endGit } from './end-git.js'
import { exitStatus } from '../processes/launching/exit-status.js'
import { keepAlive } from '../processes/keep-alive.js'
import { hasPipes } from '../processes/open-files.js'

/**
 * A git command that goes on reading its stdin and answers question by question (`update-ref --stdin`,
 * `hash-object --stdin-paths`). Starting a process blocks the event loop for some ms, so what is asked all the time is
 * asked of one that runs already.
 */
export interface GitSession {
  /**
   * Asks one question; questions wait for each other. The answer has one UTF-16 unit for each byte. `isWhole` tells whether
   * it has come to its end. When git ends instead of answering, that is the failure, and the next question starts a new
   * process.
   */
  ask(question: string, isWhole: (answer: string) => boolean): Promise<Result<string, GitFailure>>
  /**
   * As {@link ask}, of the very process that answered last: it fails when that has ended. A new `update-ref` would take
   * `commit` for a transaction without any line, and answer that it is done.
   */
  followUp(question: string, isWhole: (answer: string) => boolean): Promise<Result<string, GitFailure>>
}

export interface SessionOptions extends Pick<GitOptions, 'env'> {
  /** To ask twice does no harm: when git ends without an answer, a new one is asked once more. */
  readonly repeatable?: boolean
  /** An answer that takes longer, ms, never comes: git is ended. */
  readonly limitMs?: number
}

const defaultLimitMs = 60_000

/** git ended, or was ended, without a word of why: whether it did what it was asked is not known. */
export function isAnswerLost({ exit, stderr }: GitFailure): boolean {
  return exit.type === 'signal' || (exit.type === 'code' && !/^(fatal|error):/m.test(stderr))
}

/** Opens a session; its process starts with the first question and never keeps autopilot alive. */
export function openGitSession(place: GitPlace, args: readonly string[], options: SessionOptions = {}): GitSession {
  const { repeatable = false, limitMs = defaultLimitMs } = options
  let child: ChildProcessWithoutNullStreams | undefined
  let last: Promise<unknown> = Promise.resolve()
  const running = () => (child ??= begin())
  const begin = () => {
    const started = startGit(place, args, options)
    // It may end when nobody asks anything; who asks next must not wait for it.
    const forget = () => {
      if (child === started) child = undefined
    }
    started.once('exit', forget)
    started.on('error', forget)
    return started
  }
  const askOnce = async (question: string, isWhole: Question['isWhole']) => {
    const asked = running()
    const answer = await converse(asked, { args, question, isWhole, limitMs })
    if (!answer.ok && child === asked) child = undefined
    return answer
  }
  const inTurn = <Answer>(turn: () => Promise<Answer>): Promise<Answer> => {
    const answer = last.then(turn)
    last = answer
    return answer
  }
  return {
    ask: (question, isWhole) =>
      inTurn(async () => {
        let answer = await askOnce(question, isWhole)
        for (let left = repeatable ? 2 : 0; left > 0 && !answer.ok && isAnswerLost(answer.error); left--)
          answer = await askOnce(question, isWhole)
        return answer
      }),
    followUp: (question, isWhole) =>
      inTurn(async () => (child ? askOnce(question, isWhole) : Promise.resolve(err(endedMeanwhile(args))))),
  }
}

function endedMeanwhile(args: readonly string[]): GitFailure {
  const stderr = 'error: git was ended in the middle of its work'
  return { args, exit: { type: 'signal', signal: 'SIGKILL' }, stderr, stdout: Buffer.alloc(0) }
}

interface Question {
  readonly args: readonly string[]
  readonly question: string
  readonly isWhole: (answer: string) => boolean
  readonly limitMs: number
}

function converse(
  child: ChildProcessWithoutNullStreams,
  { args, question, isWhole, limitMs }: Question,
): Promise<Result<string, GitFailure>> {
  return new Promise((resolve) => {
    if (!hasPipes(child)) {
      child.once('error', ({ message }) =>
        resolve(err({ args, exit: { type: 'not_started', message }, stderr: '', stdout: Buffer.alloc(0) })),
      )
      return
    }
    let answer = ''
    let stderr = ''
    let cancelLimit: () => void = () => undefined
    keepAlive(child, true)
    const settle = (result: Result<string, GitFailure>) => {
      child.stdout.off('data', onAnswer)
      child.stderr.off('data', onComplaint)
      child.off('close', onClose)
      child.off('error', onError)
      cancelLimit()
      keepAlive(child, false)
      resolve(result)
    }
    const onAnswer = (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (!isWhole(answer)) return
      noteGitStep()
      settle(ok(answer))
    }
    const onComplaint = (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
    }
    const fail = (exit: GitFailure['exit']) =>
      settle(err({ args, exit, stderr, stdout: Buffer.from(answer, 'latin1') }))
    const onClose = (code: number | null, signal: string | null) => fail(exitStatus(code, signal))
    const onError = (error: Error) => fail({ type: 'not_started', message: error.message })
    child.stdout.on('data', onAnswer)
    child.stderr.on('data', onComplaint)
    child.on('close', onClose)
    child.on('error', onError)
    cancelLimit = limit(child, limitMs, {
      onLimit: () => (stderr += `error: git gave no answer within ${limitMs / 1000} s and was ended\n`),
      onOver: () => fail({ type: 'signal', signal: 'SIGKILL' }),
    })
    // It may have ended since the last question: then the pipe is broken, and `close` tells.
    child.stdin.write(question)
  })
}

interface LimitListener {
  readonly onLimit: () => void
  /** It has had its time to end, too. */
  readonly onOver: () => void
}

/** Ends git when the time is over. Gives what cancels that. */
function limit(
  { pid }: ChildProcessWithoutNullStreams,
  limitMs: number,
  { onLimit, onOver }: LimitListener,
): () => void {
  let stopEnding: (() => void) | undefined
  let afterSleep: NodeJS.Immediate | undefined
  const timer = setTimeout(() => {
    // After a sleep of the machine the timer comes first, and the answer lies in the pipe.
    afterSleep = setImmediate(() => {
      onLimit()
      if (pid !== undefined) stopEnding = endGit(pid, onOver)
    })
  }, limitMs)
  return () => {
    clearTimeout(timer)
    clearImmediate(afterSleep)
    stopEnding?.()
  }
}
