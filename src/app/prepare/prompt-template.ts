import { resolve } from 'node:path'
import type { TaskId } from '../../domain/brand.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { Task } from '../../domain/roadmap/task.js'
import { readTextIfThere } from '../../platform/files/read-text.js'
import { renderPrompt } from '../../prompt/render.js'

/** Reads and checks the prompt template that the configuration names; undefined when it names none. */
export async function readTemplate(
  path: string | undefined,
  root: string,
): Promise<Result<string | undefined, string>> {
  if (path === undefined) return ok(undefined)
  const text = await readTextIfThere(resolve(root, path))
  if (!text.ok) return err(`cannot read the prompt template ${path}: ${text.error}`)
  if (text.value === undefined) return err(`prompt: names the template ${path}, which does not exist`)
  const tried = renderPrompt(text.value, { task: sample, offLimits: [], checks: [], attempt: 1, maxAttempts: 1 })
  return tried.ok ? ok(text.value) : err(`${path}: ${tried.error}`)
}

/** Whether a template is right does not depend on the task. */
const sample: Task = {
  id: 'sample' as TaskId,
  title: '',
  status: 'pending',
  description: '',
  dependencies: [],
  priority: 2,
  complexity: 'moderate',
  exitCriteria: [],
  contextFiles: [],
  verify: [],
  expects: 'change',
  executionMode: 'autonomous',
  groups: [],
  position: { file: '', line: 1, column: 1 },
  path: '',
}
