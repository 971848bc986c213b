import type { FailureKind } from '../../domain/agent/failure.js'
import type { Signature } from './failure-text.js'

/**
 * What docs/providers.md says of a provider besides what its code declares. Only what makes the page reads it. The texts
 * are Markdown, short enough for a cell of a table.
 */
export interface ProviderPage {
  readonly needs: string
  /** What counts as a login, too. */
  readonly login?: string
  /** How to have it talk to another model server. */
  readonly modelServer?: string
  /** What restricts a reviewer. */
  readonly review?: string
  /** What to know about continued conversations. */
  readonly resume?: string
  readonly tokens?: string
  /** What to know about the cost that it tells. */
  readonly cost?: string
  readonly finalEvent: string
  /** What a refused tool looks like. */
  readonly refusals?: string
  readonly failures?: FailureSigns
}

/** How failures are told apart: the tables of the code. */
interface FailureSigns {
  /** By the name of a field: what its words mean. */
  readonly fields?: Readonly<Record<string, readonly Signature[] | ReadonlyMap<string, FailureKind>>>
  /** What the CLI reports. */
  readonly messages: readonly Signature[]
  /** What stderr says if no final event came. */
  readonly stderr: readonly Signature[]
  /** What no table says. */
  readonly besides?: Partial<Readonly<Record<FailureKind, string>>>
}
