import { createMask, layMasks, type Mask } from './mask.js'
import { fillPlaceholders, placeholdersIn } from './placeholder.js'
import { secretsOf } from './secrets.js'
import { nameOfTask, portOf, type Ports, type WorkNumber } from '../agent/work-number.js'

/** Variables whose values have placeholders: each slot and gate job has its own values. */
export type EnvTemplates = Readonly<Record<string, string>>

/** What a run's slots and gate jobs have of their own. */
export interface Numbering {
  readonly templates: EnvTemplates
  readonly ports: Ports
}

/** In place of a task, where a gate judges the target's tip. */
const noTask = 'base'

/** The variables as they are in one place. */
export function filledIn(
  { templates, ports }: Numbering,
  { number, taskId }: WorkNumber,
): Readonly<Record<string, string>> {
  // Without ports nothing starts that asks for them.
  const port = String(portOf(number, ports) ?? '')
  const values = { slot: String(number), port, task: taskId === undefined ? noTask : nameOfTask(taskId) }
  return Object.fromEntries(
    Object.entries(templates).map(([name, template]) => [name, fillPlaceholders(template, values)]),
  )
}

/** Those that differ from slot to slot. */
export function madeOfNumbers(templates: EnvTemplates): readonly string[] {
  return Object.keys(templates).filter((name) =>
    placeholdersIn(templates[name] ?? '').some((placeholder) => placeholder !== 'task'),
  )
}

/** Masks the values that secrets with placeholders take, such as a password for each slot. */
export interface TemplateMasks {
  /** Hides, beside what `mask` hides, those of all numbers. */
  readonly mask: Mask
  /** The same for what one process prints, whose values may have a task's name in them. */
  readonly at: (where: WorkNumber) => Mask
}

/** `names`: variables that are secret whatever they are called. */
export function maskTemplates(
  mask: Mask,
  { names, numbers, ...numbering }: Numbering & { readonly names: readonly string[]; readonly numbers: number },
): TemplateMasks {
  const secretsAt = (where: WorkNumber) => secretsOf(filledIn(numbering, where), names)
  const all = Array.from({ length: numbers }, (_, index) => secretsAt({ number: index + 1 })).flat()
  const secrets = [...new Set(all)]
  if (secrets.length === 0) return { mask, at: () => mask }
  const ofAll = layMasks(createMask(secrets), mask)
  const isOfTask = Object.values(numbering.templates).some((template) => placeholdersIn(template).includes('task'))
  return { mask: ofAll, at: (where) => (isOfTask ? layMasks(createMask(secretsAt(where)), ofAll) : ofAll) }
}
