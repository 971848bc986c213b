import { onTestFinished } from 'vitest'
import { startRig, type AgentRig } from '../fakes/fake-agent.js'
import { createScene, type Scene, type SceneOptions } from './scene.js'

/** A scene that goes away with the test. */
export function scene(options: SceneOptions = {}): Scene {
  const made = createScene(options)
  onTestFinished(made.remove)
  return made
}

/** A rig that goes away with the test. */
export async function rig(): Promise<AgentRig> {
  const started = await startRig()
  onTestFinished(() => started.close())
  return started
}

/** A roadmap of tasks that are fake agents of the rig, each named as its task; more lines may follow each. */
export function riggedRoadmap(agents: AgentRig, tasks: Readonly<Record<string, string>> | readonly string[]): string {
  const lines = Array.isArray(tasks) ? tasks.map((id: string) => [id, ''] as const) : Object.entries(tasks)
  const shown = lines.map(([id, more]) => {
    const run = JSON.stringify(agents.command(id))
    return `  - id: ${id}\n    run: ${run}\n${more === '' ? '' : `    ${more}\n`}`
  })
  return `tasks:\n${shown.join('')}`
}
