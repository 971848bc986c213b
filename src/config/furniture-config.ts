import * as z from 'zod/mini'
import { placeholdersIn } from '../domain/secrets/placeholder.js'
import { isTooLong, shorterCommand } from '../domain/roadmap/command-length.js'
import type { FileSettings } from './settings.js'
import { describedAs, eitherOf, textOr } from './json-form.js'
import { scalar } from './scalar.js'
import { duration } from './value.js'
import { defaultSetupTimeoutMs, type Keep } from '../domain/setup.js'

export type FurnitureSettings = Pick<FileSettings, 'setup' | 'copy' | 'keep' | 'link'>

export const noFurniture: FurnitureSettings = { copy: [], keep: 'auto', link: [] }

/** A path that is not absolute and does not lead up. */
export const insideRoot = /^(?!\/)(?!(?:[\s\S]*[/\\])?\.\.(?:[/\\]|$))/

const inside = z
  .string()
  .check(z.regex(new RegExp(`${insideRoot.source}[\\s\\S]`), 'it must stay inside the repository'))

/** What workspaces have besides git's own files is in the repository, too, and not part of git. */
const furnished = inside.check(
  z.refine((path) => !namesOf(path).some((name) => name.toLowerCase() === '.git'), 'it is a git directory'),
  z.refine((path) => namesOf(path).length > 0, 'it is the repository itself'),
)

function namesOf(path: string): readonly string[] {
  return path.split(/[/\\]/).filter((name) => name !== '' && name !== '.')
}

const noNumberYet =
  'placeholders work only in values of env:; setup runs before there is a task, in a workspace that any slot may use, so it has no slot, port or task'

const setupFields = z.strictObject(
  {
    run: z.string('setup needs a command').check(
      z.regex(/\S/, 'setup needs a command'),
      z.refine((run) => !isTooLong(run), shorterCommand),
      z.refine((run) => placeholdersIn(run).length === 0, noNumberYet),
    ),
    inputs: z.optional(z.array(inside)),
    timeout: z.optional(scalar(duration)),
  },
  'expected a command, or a map with run, inputs and timeout',
)

/** A text is a command and nothing else. */
const setup = describedAs(
  z.pipe(
    z.transform((entry): unknown => (typeof entry === 'string' ? { run: entry } : entry)),
    setupFields,
  ),
  textOr(setupFields),
)

export const setupKeys = Object.keys(setupFields.shape)

/** `none` is an empty list. */
const keep = describedAs(
  z.pipe(
    z.transform((entry): unknown => (entry === 'none' ? [] : entry)),
    z.union([z.literal('auto'), z.array(furnished)], 'expected auto, none or a list of paths'),
  ),
  eitherOf(z.enum(['auto', 'none']), z.array(furnished)),
)

/** How workspaces are furnished, as `autopilot.yaml` says it. */
export const furnitureKeys = {
  setup: z.optional(setup),
  copy: z.optional(z.array(furnished)),
  keep: z.optional(keep),
  link: z.optional(z.array(furnished)),
}

interface FurnitureData {
  readonly setup: z.infer<typeof setupFields> | undefined
  readonly copy: readonly string[] | undefined
  readonly keep: Keep | undefined
  readonly link: readonly string[] | undefined
}

export function furnitureOf({ setup: given, copy = [], keep = 'auto', link = [] }: FurnitureData): FurnitureSettings {
  if (!given) return { copy, keep, link }
  const { run, inputs, timeout = defaultSetupTimeoutMs } = given
  return { copy, keep, link, setup: { run, timeoutMs: timeout, ...(inputs ? { inputs } : {}) } }
}
