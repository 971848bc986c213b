import { knownWords, statusOf, type StatusWords } from '../../../domain/roadmap/status-word.js'
import type { TaskStatus } from '../../../domain/roadmap/task.js'
import { addProblem, type Reading } from '../../../domain/roadmap/source.js'
import type { SourceNode } from '../../syntax/source-node.js'

/** Reads a status; an unknown word is an error (a silent `pending` would run work that nobody asked for). */
export function readStatus(reading: Reading, words: StatusWords, node: SourceNode, path: string): TaskStatus {
  if (node.kind !== 'scalar' || (node.value !== null && typeof node.value !== 'string')) {
    addProblem(reading, 'E042', node.start, 'a status must be a word', { help: knownWords, path })
    return 'pending'
  }
  const status = statusOf(node.value === null ? '' : node.text, words)
  if (status.ok) return status.value
  addProblem(reading, 'E041', node.start, `unknown status "${node.text}"`, { help: status.error, path })
  return 'pending'
}
