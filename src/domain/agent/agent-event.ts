import type { BackgroundChange } from './background.js'
import type { Failure, FailureKind } from './failure.js'

/**
 * Tokens and money as the CLI reports them. `inputTokens` includes cached ones, for every provider.
 * `costUsd` is absent where the CLI does not say it.
 */
export interface Usage {
  readonly inputTokens: number
  readonly cachedInputTokens: number
  readonly outputTokens: number
  readonly costUsd?: number
}

export const noUsage: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }

/** All tokens, cached ones included. */
export function tokensOf({ inputTokens, outputTokens }: Usage): number {
  return inputTokens + outputTokens
}

export function addUsage(a: Usage, b: Usage): Usage {
  const costUsd = a.costUsd === undefined && b.costUsd === undefined ? undefined : (a.costUsd ?? 0) + (b.costUsd ?? 0)
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...(costUsd === undefined ? {} : { costUsd }),
  }
}

/** The first less the second, which is part of it. */
export function subtractUsage(a: Usage, b: Usage): Usage {
  const { costUsd } = a
  return withCost(
    {
      inputTokens: a.inputTokens - b.inputTokens,
      cachedInputTokens: a.cachedInputTokens - b.cachedInputTokens,
      outputTokens: a.outputTokens - b.outputTokens,
    },
    costUsd === undefined ? undefined : costUsd - (b.costUsd ?? 0),
  )
}

export function withCost(usage: Usage, costUsd: number | undefined): Usage {
  return costUsd === undefined ? withoutCost(usage) : { ...usage, costUsd }
}

export function withoutCost({ inputTokens, cachedInputTokens, outputTokens }: Usage): Usage {
  return { inputTokens, cachedInputTokens, outputTokens }
}

/**
 * What a resumed conversation used since it had used `before`. The CLIs report totals of the conversation; totals never
 * shrink, so where one did, the CLI counts from its own start and nothing is to be subtracted from that count.
 * Source: recorded streams of a resumed claude 2.1.330 and codex 0.169.0.
 */
export function usageSince(total: Usage, before: Usage): Usage {
  const tokens = (['inputTokens', 'cachedInputTokens', 'outputTokens'] as const).every((of) => total[of] >= before[of])
  const { costUsd } = total
  const spent = before.costUsd ?? 0
  return {
    inputTokens: total.inputTokens - (tokens ? before.inputTokens : 0),
    cachedInputTokens: total.cachedInputTokens - (tokens ? before.cachedInputTokens : 0),
    outputTokens: total.outputTokens - (tokens ? before.outputTokens : 0),
    ...(costUsd === undefined ? {} : { costUsd: costUsd >= spent ? costUsd - spent : costUsd }),
  }
}

/** One thing read from the agent's output. Providers produce them line by line; texts are outside text, not yet clean. */
export type AgentEvent =
  /** A turn begins. The conversation has an id, by which it can be resumed. */
  | { readonly type: 'session'; readonly sessionId: string; readonly model?: string }
  /** Something the agent said; the last one is its final text when the final event has none. */
  | { readonly type: 'text'; readonly text: string }
  /**
   * A tool call began. `target` is the file, command or pattern it is about, `about` the same in full; `call` is the
   * CLI's own name for the call. `writes`: the files that it is to write, of the CLI's own tools for that.
   */
  | {
      readonly type: 'tool'
      readonly name: string
      readonly target?: string
      readonly about?: string
      readonly call?: string
      readonly writes?: readonly string[]
    }
  | { readonly type: 'tool_ended'; readonly ok: boolean; readonly name?: string }
  /**
   * A tool call was refused for want of permission. The other fields as of `tool`; `allow`: the entry of that setting
   * that would permit it; `byRule`: a rule or a hook of the user's forbids it, which no entry does away with.
   */
  | {
      readonly type: 'denied'
      readonly tool: string
      readonly message: string
      readonly target?: string
      readonly about?: string
      readonly call?: string
      readonly byRule?: true
      readonly allow?: string
    }
  /** What one call of the model used; `call` is told again with each part of its answer. */
  | { readonly type: 'usage'; readonly call: string; readonly usage: Usage }
  /** The CLI retries by itself; not a failure yet. `kind`: what it would be. */
  | { readonly type: 'retrying'; readonly message: string; readonly kind?: FailureKind }
  /** A limit that the CLI reported apart from the final event; `retryAt` in epoch ms. */
  | { readonly type: 'limit'; readonly retryAt?: number }
  /** Something about work that may outlive the turn. */
  | { readonly type: 'background'; readonly change: BackgroundChange }
  /**
   * The end of a turn. It is final, and nothing but the end of the process is expected after it, unless background work
   * lives on: then a further turn may follow, which ends with a result of its own.
   */
  | {
      readonly type: 'result'
      /** Absent when the CLI says that it succeeded. */
      readonly failure?: Failure
      readonly text?: string
      /** The JSON text that answers a schema, where the CLI says it apart from `text`. */
      readonly answer?: string
      /** Totals of the conversation. */
      readonly usage?: Usage
      readonly turns?: number
      /** The CLI says itself that the turn ended to wait for something: its word for what. */
      readonly waitsFor?: string
    }
  /** Something that the provider does not know; kept raw in the attempt's output file. `line`: one that it cannot read. */
  | { readonly type: 'unknown'; readonly kind: string; readonly line?: string }
