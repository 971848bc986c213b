import { err, ok, type Result } from '../domain/result.js'
import type { Task } from '../domain/roadmap/task.js'
import { defaultTemplate } from './default-template.js'
import { fillTemplate, parseTemplate } from './template.js'

/** What a prompt is made of. All of it but the numbers is outside text, which goes to the agent as it is. */
export interface PromptContext {
  readonly task: Task
  /** Paths that the agent must not touch, such as the roadmap's, relative to the workspace. */
  readonly offLimits: readonly string[]
  /** How the work will be checked: gate commands, or sentences. */
  readonly checks: readonly string[]
  /** Why the previous attempt failed. */
  readonly feedback?: string
  /** Counted from 1. */
  readonly attempt: number
  readonly maxAttempts: number
}

const placeholders = [
  'title',
  'id',
  'description',
  'exit_criteria',
  'context_files',
  'off_limits',
  'checks',
  'feedback',
  'attempt',
  'max_attempts',
] as const

type Placeholder = (typeof placeholders)[number]

/**
 * The text for the agent, from a template (see {@link parseTemplate}) or the default one. The error is for the writer of
 * the template and starts with its line; it does not depend on the task, so any task will do to check one.
 */
export function renderPrompt(template: string | undefined, context: PromptContext): Result<string, string> {
  const parsed = parsedOnce(template ?? defaultTemplate)
  if (!parsed.ok) return err(parsed.error)
  const text = fillTemplate(parsed.value, new Map(Object.entries(valuesOf(context))))
  return ok(`${text.trimEnd()}\n`)
}

/** A run has one template and a prompt for each attempt. */
let last: { readonly template: string; readonly parsed: ReturnType<typeof parseTemplate> } | undefined

function parsedOnce(template: string): ReturnType<typeof parseTemplate> {
  if (last?.template !== template) last = { template, parsed: parseTemplate(template, placeholders) }
  return last.parsed
}

/** A task's own `prompt` stands for title and description together. */
function valuesOf({ task, ...context }: PromptContext): Record<Placeholder, string> {
  const body = task.prompt === undefined ? task : { title: '', description: task.prompt }
  return {
    title: body.title.trim(),
    id: task.id,
    description: body.description.trim(),
    exit_criteria: list(task.exitCriteria),
    context_files: list(task.contextFiles),
    off_limits: list(context.offLimits),
    checks: list(context.checks),
    feedback: context.feedback?.trim() ?? '',
    attempt: String(context.attempt),
    max_attempts: String(context.maxAttempts),
  }
}

/** A Markdown list; the further lines of an entry are indented, so that they stay part of it. */
function list(entries: readonly string[]): string {
  return entries
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => `- ${entry.replace(/\r?\n/g, '\n  ')}`)
    .join('\n')
}
