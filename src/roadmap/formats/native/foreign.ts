import { addProblem, type Reading } from '../../../domain/roadmap/source.js'
import { entryOf, scalarText, type MapNode, type SourceNode } from '../../syntax/source-node.js'

/**
 * Recognises files of other tools that share a name or a shape with roadmaps, by cheap looks at their content. Source:
 * what each tool's own documentation requires of its files.
 */
export function refuseForeign(reading: Reading, root: SourceNode): boolean {
  const name = root.kind === 'map' ? foreignMap(root) : root.kind === 'list' ? foreignList(root.items) : undefined
  if (name === undefined) return false
  const help = 'name a file with tasks:, epics: or milestones:'
  addProblem(reading, 'E004', root.start, `this is ${name}, not a roadmap`, { help })
  return true
}

function foreignMap(root: MapNode): string | undefined {
  const has = (...names: string[]) => names.every((name) => root.entries.has(name))
  const apiVersion = scalarText(entryOf(root, 'apiVersion')?.value) ?? ''
  if (apiVersion.startsWith('tekton.dev/')) return 'a Tekton file'
  if (has('apiVersion', 'kind')) return 'a Kubernetes file'
  if (has('on', 'jobs')) return 'a GitHub workflow'
  if (isVsCode(root)) return 'a tasks.json of VS Code'
  return unlikeRoadmap(root, has)
}

/** Files that are known by what they have only when they lack the lists of a roadmap. */
function unlikeRoadmap(root: MapNode, has: (name: string) => boolean): string | undefined {
  if (has('userStories')) return 'a prd.json of ralph (not read yet)'
  if (has('tasks') || has('epics') || has('milestones') || root.entries.size === 0) return undefined
  if (has('tracker')) return 'a WORKFLOW.md of an orchestrator'
  if (has('name') && (has('scripts') || (has('dependencies') && has('version')))) return 'a package.json'
  if (has('services')) return 'a Compose file'
  if (has('jobs') && has('workflows')) return 'a CircleCI file'
  const stages = entryOf(root, 'stages')?.value
  if (stages?.kind === 'list') return stagesOf(stages.items)
  const values = [...root.entries.values()].map(({ value }) => value)
  if (values.every((value) => mapHas(value, 'expected_output'))) return 'a tasks.yaml of CrewAI'
  if (values.every((value) => mapHas(value, 'tasks'))) return 'a tasks.json of Task Master (not read yet)'
  return values.some((value) => mapHas(value, 'script')) ? 'a GitLab CI file' : undefined
}

/** GitLab names its stages, Azure and bernstein describe them. */
function stagesOf(stages: readonly SourceNode[]): string | undefined {
  if (stages.some((stage) => mapHas(stage, 'steps'))) return 'a bernstein plan (not read yet)'
  if (stages.some((stage) => mapHas(stage, 'stage') || mapHas(stage, 'jobs'))) return 'an Azure pipeline'
  return stages.every(({ kind }) => kind === 'scalar') ? 'a GitLab CI file' : undefined
}

function isVsCode(root: MapNode): boolean {
  const tasks = entryOf(root, 'tasks')?.value
  const first = tasks?.kind === 'list' ? tasks.items[0] : undefined
  if (scalarText(entryOf(root, 'version')?.value) !== '2.0.0') return false
  return tasks === undefined || first === undefined || mapHas(first, 'label') || mapHas(first, 'taskName')
}

const inboxWords: ReadonlySet<string> = new Set(['accepted', 'in_review', 'rejected', 'pending_review'])

function foreignList(items: readonly SourceNode[]): string | undefined {
  const maps = items.flatMap((item) => (item.kind === 'map' ? [item] : []))
  const [first] = maps
  if (!first) return undefined
  if (mapHas(first, 'hosts') || isAnsibleTask(first)) return 'an Ansible file'
  const inbox = maps.every((map) => {
    const status = scalarText(entryOf(map, 'status')?.value) ?? ''
    return inboxWords.has(status) && mapHas(map, 'summary')
  })
  return inbox ? 'an inbox of proposals' : undefined
}

/** An Ansible task is a name and a module, mostly with its collection: `ansible.builtin.copy`. */
function isAnsibleTask(map: MapNode): boolean {
  if (map.entries.has('import_playbook')) return true
  if (!map.entries.has('name') || map.entries.has('id') || map.entries.has('title')) return false
  const modules = ['apt', 'yum', 'dnf', 'copy', 'template', 'shell', 'command', 'service', 'file', 'include_tasks']
  return [...map.entries.keys()].some((key) => /^[a-z]+\.[a-z]+\.[a-z_]+$/.test(key) || modules.includes(key))
}

function mapHas(node: SourceNode, key: string): boolean {
  return node.kind === 'map' && node.entries.has(key)
}
