import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { err, ok, type Result } from '../domain/result.js'
import { startGit, type GitFailure, type GitOptions, type GitPlace } from './git.js'

/**
 * A git command that goes on reading its stdin and answers question by question (`update-ref --stdin`,
 * `hash-object --stdin-paths`). Starting a process blocks the event loop for some ms, so what is asked all the time is
 * asked of one that runs already.
 */
export interface GitSession {
  /**
   * Asks one question; questions wait for each other. `isWhole` tells whether the answer has come to its end. When
   * git ends instead of answering, that is the failure, and the next question starts a new process.
   */
  ask(question: string, isWhole: (answer: string) => boolean): Promise<Result<string, GitFailure>>
}

type Session = Pick<GitOptions, 'env'>

/** Opens a session; its process starts with the first question and never keeps autopilot alive. */
export function openGitSession(place: GitPlace, args: readonly string[], options: Session = {}): GitSession {
  let child: ChildProcessWithoutNullStreams | undefined
  let last: Promise<unknown> = Promise.resolve()
  const running = () => {
    child ??= startGit(place, args, options)
    return child
  }
  const forget = (ended: ChildProcessWithoutNullStreams) => {
    if (child === ended) child = undefined
  }
  return {
    ask(question, isWhole) {
      const answer = last.then(() => converse(running(), { args, question, isWhole }, forget))
      last = answer
      return answer
    },
  }
}

interface Question {
  readonly args: readonly string[]
  readonly question: string
  readonly isWhole: (answer: string) => boolean
}

function converse(
  child: ChildProcessWithoutNullStreams,
  { args, question, isWhole }: Question,
  forget: (ended: ChildProcessWithoutNullStreams) => void,
): Promise<Result<string, GitFailure>> {
  return new Promise((resolve) => {
    let answer = ''
    let stderr = ''
    keepAlive(child, true)
    const settle = (result: Result<string, GitFailure>) => {
      child.stdout.off('data', onAnswer)
      child.stderr.off('data', onComplaint)
      child.off('close', onClose)
      child.off('error', onError)
      keepAlive(child, false)
      resolve(result)
    }
    const onAnswer = (chunk: Buffer) => {
      answer += chunk.toString('utf8')
      if (isWhole(answer)) settle(ok(answer))
    }
    const onComplaint = (chunk: Buffer) => {
      stderr += chunk.toString('utf8')
    }
    const fail = (exit: GitFailure['exit']) => {
      forget(child)
      settle(err({ args, exit, stderr, stdout: Buffer.from(answer) }))
    }
    const onClose = (code: number | null, signal: string | null) =>
      fail(code === null ? { type: 'signal', signal: signal ?? 'SIGKILL' } : { type: 'code', code })
    const onError = (error: Error) => fail({ type: 'not_started', message: error.message })
    child.stdout.on('data', onAnswer)
    child.stderr.on('data', onComplaint)
    child.on('close', onClose)
    child.on('error', onError)
    // It may have ended since the last question: then the pipe is broken, and `close` tells.
    child.stdin.write(question)
  })
}

/** A session that nobody waits for must not keep autopilot from ending; git ends when its stdin closes. */
function keepAlive(child: ChildProcessWithoutNullStreams, alive: boolean): void {
  const change = alive ? 'ref' : 'unref'
  child[change]()
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    ;(stream as unknown as { ref(): void; unref(): void })[change]()
  }
}
