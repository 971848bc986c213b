import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setImmediate as next } from 'node:timers/promises'
import { expect } from 'vitest'
import type { AgentEvent } from '../../../src/domain/agent/agent-event.js'
import type { Failure } from '../../../src/domain/agent/failure.js'
import type { DialogueTurn, Serving, TurnToServe } from '../../../src/providers/adapter/contract.js'

/** A turn of a dialogue, and what is known of it so far. */
export interface HeardTurn {
  readonly turn: DialogueTurn
  readonly events: readonly AgentEvent[]
  readonly isTaken: () => boolean
  readonly isOver: () => boolean
}

/** A dialogue without a server: the test says what the server prints. */
export function dialogueOf(serving: Serving, env: Readonly<Record<string, string>> = {}) {
  const sent: unknown[] = []
  const failures: Failure[] = []
  const dialogue = serving.dialogue({
    env,
    send: (line) => sent.push(JSON.parse(line)),
    fail: (why) => failures.push(why),
  })
  const turn = (served: TurnToServe): HeardTurn => {
    const events: AgentEvent[] = []
    let [isTaken, isOver] = [false, false]
    const begun = dialogue.turn(served, (heard) => events.push(...heard))
    void begun.taken.then(() => (isTaken = true))
    void begun.over.then(() => (isOver = true))
    return { turn: begun, events, isTaken: () => isTaken, isOver: () => isOver }
  }
  return { dialogue, sent, failures, turn }
}

type Entry =
  | { readonly do: 'open' | 'interrupt' | 'clean' }
  | { readonly do: 'turn'; readonly turn: TurnToServe }
  | { readonly sent: unknown }
  | { readonly received: unknown }

/**
 * Plays an exchange with a real server, `test/fixtures/streams/<folder>/<scenario>.jsonl`: one entry a line, of what
 * was asked of the dialogue (`do`), and of what it sent and received. The dialogue must send the same again. Gives the
 * turns.
 */
export async function replay(
  serving: Serving,
  folder: string,
  scenario: string,
  env: Readonly<Record<string, string>> = {},
): Promise<readonly HeardTurn[]> {
  const path = fileURLToPath(new URL(`../../fixtures/streams/${folder}/${scenario}.jsonl`, import.meta.url))
  const entries = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
  const { dialogue, sent, failures, turn } = dialogueOf(serving, env)
  const turns: HeardTurn[] = []
  const done: Promise<void>[] = []
  for (const entry of entries) {
    if ('sent' in entry) expect(sent.shift()).toEqual(entry.sent)
    else if ('received' in entry) dialogue.receive(JSON.stringify(entry.received))
    else if (entry.do === 'turn') turns.push(turn(entry.turn))
    else if (entry.do === 'open') done.push(dialogue.open())
    else if (entry.do === 'interrupt') turns.at(-1)?.turn.interrupt()
    else done.push(turns.at(-1)?.turn.clean() ?? Promise.resolve())
    await next()
  }
  await Promise.all(done)
  expect(sent).toEqual([])
  expect(failures).toEqual([])
  return turns
}
