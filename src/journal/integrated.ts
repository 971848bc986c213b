import type { CommitId, TaskId } from '../domain/brand.js'
import type { RunRecord } from '../domain/run/event.js'
import { readLines } from '../platform/streams/read-lines.js'

/** What a run's record tells of a task that has landed. */
export interface IntegratedTask {
  readonly commit: CommitId
  /** The digest of the text that its last attempt was told; older versions left this out. */
  readonly text?: string
}

/** The commits that a run recorded, by task. Lines that cannot be read tell nothing: it is only for a warning. */
export async function readIntegrated(journal: string): Promise<ReadonlyMap<TaskId, IntegratedTask>> {
  const texts = new Map<TaskId, string>()
  const integrated = new Map<TaskId, IntegratedTask>()
  await readLines(journal, (line) => {
    const record = parse(line)
    if (record?.type === 'task_integrated') {
      const text = texts.get(record.taskId)
      integrated.set(record.taskId, { commit: record.commit, ...(text === undefined ? {} : { text }) })
    } else if (record?.text !== undefined) texts.set(record.taskId, record.text)
    return true
  })
  return integrated
}

type IntegrationRecord = Extract<RunRecord, { type: 'task_integrated' | 'attempt_started' | 'attempt_resumed' }>

/** Most lines are about something else, and are not worth the reading. */
function parse(line: string): (IntegrationRecord & { readonly text?: string }) | undefined {
  if (!/"type":"(task_integrated|attempt_started|attempt_resumed)"/.test(line)) return undefined
  try {
    const record = JSON.parse(line) as Partial<IntegrationRecord>
    if (typeof record.taskId !== 'string') return undefined
    if (record.type === 'task_integrated') return isCommit(record.commit) ? (record as IntegrationRecord) : undefined
    return record.type === undefined ? undefined : (record as IntegrationRecord)
  } catch {
    return undefined
  }
}

function isCommit(commit: unknown): boolean {
  return typeof commit === 'string' && /^[0-9a-f]{40,64}$/.test(commit)
}
