/**
 * The text of a YAML roadmap: every fourth task depends on the one before, priorities and complexities vary.
 * @param {number} count of tasks
 * @param {boolean} withStatus whether each says `status: pending`
 */
export function bigRoadmap(count, withStatus = true) {
  const priorities = ['high', 'medium', 'low']
  const tasks = Array.from({ length: count }, (_, at) => {
    const depends = at % 4 === 3 ? `    dependencies: [T${at - 1}]\n` : ''
    const status = withStatus ? '    status: pending\n' : ''
    return `  - id: T${at}\n    title: The task with the number ${at}\n${status}    priority: ${priorities[at % 3]}
    complexity: ${(at % 9) + 1}\n${depends}    description: What is to be done in number ${at}, and why\n`
  })
  return `version: 1\ntasks:\n${tasks.join('')}`
}

/** How many tasks make 1 MB. */
export const tasksInOneMb = Math.round(1e6 / (bigRoadmap(1000).length / 1000))
