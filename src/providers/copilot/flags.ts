import type { Assignment } from '../adapter/contract.js'

const readingTools = ['view', 'grep', 'glob']
/** The last one is what models of OpenAI get in place of the other two. */
const editingTools = [...readingTools, 'create', 'edit', 'apply_patch']

/** Of its own accord it also lets the temporary directory be written, which all agents share. */
function restrictedTo(tools: readonly string[]): readonly string[] {
  return [`--available-tools=${tools.join(',')}`, '--disallow-temp-dir']
}

/**
 * Its shell is not on offer under `edit`: it runs what it takes for harmless unasked, such as `git log --output=FILE`,
 * which writes anywhere; and it knows a permitted command by its first word or two. Source: tried with 1.0.102. A
 * reviewer gets neither the instructions nor, without trust in the directory, the settings of the tree that is judged.
 */
export function permissionFlags(assignment: Assignment): readonly string[] {
  if (assignment.type === 'review') return [...restrictedTo(readingTools), '--no-custom-instructions']
  return assignment.request.permissions === 'full'
    ? ['--allow-all']
    : [...restrictedTo(editingTools), '--allow-tool=write']
}
