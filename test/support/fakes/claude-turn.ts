import type { AgentRig, FakeAgent } from './fake-agent.js'
import type { Scene } from '../scenes/scene.js'

/** A turn of a claude that acts on the test's word. */
export interface ClaudeTurn {
  readonly agent: FakeAgent
  readonly prompt: string
  readonly task: string
  /** Says success, and ends. */
  readonly end: () => Promise<void>
}

/** Makes the `claude` of a scene a fake agent of the rig. */
export function withClaude(stage: Scene, agents: AgentRig): Scene {
  agents.install('claude', { version: '2.1.332 (Claude Code)' })
  stage.env.PATH = `${agents.binDir}:${stage.env.PATH}`
  return stage
}

/** The next turn that begins. */
export async function nextTurn(agents: AgentRig): Promise<ClaudeTurn> {
  const agent = await agents.next('claude')
  const prompt = agent.args.includes('--input-format') ? promptIn(await agent.line()) : await agent.stdin
  const task = /^Task (.+)\.$/m.exec(prompt)![1]!
  return { agent, prompt, task, end: () => succeed(agent, task) }
}

/** What a claude that lives on is told. */
function promptIn(line: string): string {
  return (JSON.parse(line) as { message: { content: readonly [{ text: string }] } }).message.content[0].text
}

async function succeed(agent: FakeAgent, task: string): Promise<void> {
  await agent.say(
    JSON.stringify({ type: 'system', subtype: 'init', session_id: `session-of-${task}` }),
    JSON.stringify({ type: 'result', subtype: 'success', is_error: false, result: 'done' }),
  )
  await agent.exit(0)
}
