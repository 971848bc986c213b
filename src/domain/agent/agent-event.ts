import {
  flag,
  mark,
  moment,
  name,
  number,
  object,
  oneOf,
  optional,
  own,
  text,
  texts,
  titled,
  union,
  variant,
  type ValueOf,
} from '../shape/shape.js'
import { backgroundChangeShape } from './background.js'
import { failureKinds, failureShape } from './failure.js'

/** Tokens and money as the CLI reports them. */
export const usageShape = titled(
  'usage',
  object({
    inputTokens: number('Tokens that the model read, cached ones included, for every provider.'),
    cachedInputTokens: number('The part that came from a cache.'),
    outputTokens: number('Tokens that it wrote.'),
    costUsd: optional(number('US dollars. Absent if the CLI does not report it.')),
  }),
)
export type Usage = ValueOf<typeof usageShape>

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

/** The first minus the second, which is part of it. */
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
 * What a resumed conversation has used since it had used `earlier`. The CLIs report totals of the conversation. Totals
 * never shrink, so if one did, the CLI counts from its own start and nothing is subtracted. Source: recorded streams
 * of a resumed claude 2.1.330 and codex 0.169.0.
 */
export function usageSince(total: Usage, earlier: Usage): Usage {
  const tokens = (['inputTokens', 'cachedInputTokens', 'outputTokens'] as const).every(
    (kind) => total[kind] >= earlier[kind],
  )
  const { costUsd } = total
  const spent = earlier.costUsd ?? 0
  return {
    inputTokens: total.inputTokens - (tokens ? earlier.inputTokens : 0),
    cachedInputTokens: total.cachedInputTokens - (tokens ? earlier.cachedInputTokens : 0),
    outputTokens: total.outputTokens - (tokens ? earlier.outputTokens : 0),
    ...(costUsd === undefined ? {} : { costUsd: costUsd >= spent ? costUsd - spent : costUsd }),
  }
}

/**
 * One thing read from the agent's output. Providers produce them line by line; texts are outside text, not cleaned
 * yet.
 */
export const agentEventShape = titled(
  'agent event',
  union({
    session: variant('A turn begins. The conversation has an id for resuming it.', {
      sessionId: name('As the CLI wrote it.'),
      model: optional(name('The model that answers.')),
    }),
    text: variant('The agent said something. The last one is its final text when the final event has none.', {
      text: text(),
    }),
    tool: variant('A tool call began.', {
      name: text("The CLI's name for the tool."),
      target: optional(text('The file, command or pattern that it is about.')),
      about: own(optional(text('The same, unabridged.'))),
      call: own(optional(text("The CLI's own name for the call."))),
      writes: own(optional(texts("The files that it will write, if it is one of the CLI's own tools for that."))),
    }),
    tool_ended: variant('A tool call ended.', { ok: flag('It succeeded.'), name: optional(text('Of which tool.')) }),
    denied: variant('A tool call was refused because of missing permission.', {
      tool: text("The CLI's name for the tool."),
      message: text('What the CLI said.'),
      target: optional(text('The file, command or pattern that it is about.')),
      about: own(optional(text('The same, unabridged.'))),
      call: own(optional(text("The CLI's own name for the call."))),
      byRule: mark("A rule or a hook of the user's forbids it, and no entry of `allow:` changes that."),
      allow: optional(text('The entry of `allow:` that would permit it.')),
    }),
    usage: variant('What one call of the model used.', {
      call: text('The call. It is reported again with each part of its answer.'),
      usage: usageShape,
    }),
    retrying: variant('The CLI retries by itself. This is not a failure yet.', {
      message: text('Why.'),
      kind: optional(oneOf(failureKinds, 'The kind of failure that it would be.')),
    }),
    limit: variant('The CLI reported a limit outside of its final event.', {
      retryAt: optional(moment('When the account is usable again, epoch ms.')),
    }),
    background: variant('Something about work that may outlive the turn.', { change: own(backgroundChangeShape) }),
    // Final: only the end of the process should follow, unless background work lives on. Then another turn may follow,
    // with its own result.
    result: variant('The turn ended.', {
      failure: optional(failureShape, 'Absent when the CLI says that it succeeded.'),
      text: optional(text('The final text.')),
      answer: optional(text('The JSON text that answers a schema, if the CLI reports it separately from `text`.')),
      usage: optional(usageShape, 'Totals of the conversation.'),
      turns: optional(number('Turns of the model.')),
      waitsFor: optional(text("The turn ended to wait for something: the CLI's word for what.")),
      sessionId: optional(name('As in `session`, from a CLI that reports it only here.')),
    }),
    unknown: variant("Something unknown to the provider's adapter. The attempt's output file has the raw text.", {
      kind: text("The CLI's word for it."),
      line: optional(text('An unreadable line.')),
    }),
  }),
)
export type AgentEvent = ValueOf<typeof agentEventShape>
