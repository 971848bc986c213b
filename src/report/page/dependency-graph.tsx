import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { TaskId } from '../../domain/brand.js'
import { cleanName, plural } from '../../domain/text.js'
import type { Report, ReportState, ReportTask } from '../form.js'
import { nodeSize, type PageGraph, type PageNode } from './data.js'

interface DependencyGraphProps {
  readonly report: Report
  readonly graph: PageGraph
  readonly chosen: TaskId | undefined
  readonly onChoose: (id: TaskId) => void
  /** A folded node: the table shows its tasks. */
  readonly onChooseAll: (ids: readonly TaskId[]) => void
}

const [width, height] = [nodeSize.width - 40, nodeSize.height - 12]
const margin = 10

/** Which task waits for which, and the chain that took longest. */
export function DependencyGraph({ report, graph, chosen, onChoose, onChooseAll }: DependencyGraphProps) {
  const byId = useMemo(() => new Map<string, ReportTask>(report.tasks.map((task) => [task.id, task])), [report.tasks])
  const path = useMemo(() => stepsOf(report.criticalPath, graph), [report.criticalPath, graph])
  const place = useRef<HTMLDivElement>(null)
  const [zoom, setZoom] = useState(1)
  // Whatever stands around the scrolled part stays where it is.
  const show = (selector: string) => {
    const [box, node] = [place.current, place.current?.querySelector(selector)]
    if (!box || !node) return
    const [outer, inner] = [box.getBoundingClientRect(), node.getBoundingClientRect()]
    box.scrollLeft += inner.left - outer.left - outer.width / 3
    box.scrollTop += inner.top - outer.top - outer.height / 2
  }
  useEffect(() => show('.critical'), [graph])
  useEffect(() => {
    if (chosen !== undefined) show('.chosen')
  }, [chosen])
  if (graph.nodes.length === 0) return null
  return (
    <section aria-label="Dependencies" class="graph">
      <div class="bar-above">
        <h2>Dependencies</h2>
        <span>{captionOf(report, graph)}</span>
        <span class="buttons">
          <button type="button" aria-label="Larger" onClick={() => setZoom(Math.min(1.5, zoom * 1.25))}>
            +
          </button>
          <button type="button" aria-label="Smaller" onClick={() => setZoom(Math.max(0.2, zoom / 1.25))}>
            −
          </button>
        </span>
      </div>
      <div class="scroll" ref={place} onKeyDown={(event) => moveAlong(event, graph)}>
        <svg
          width={zoom * (graph.width + 2 * margin)}
          height={zoom * (graph.height + 2 * margin)}
          viewBox={`${-margin} ${-margin} ${graph.width + 2 * margin} ${graph.height + 2 * margin}`}
          role="group"
          aria-label="Dependency graph"
        >
          {graph.edges.map(([from, to, points], index) => (
            <path key={index} class={path.has(`${from} ${to}`) ? 'edge on-path' : 'edge'} d={curve(points)} />
          ))}
          {graph.nodes.map((node, index) => (
            <Node
              key={index}
              {...{ node, index, byId, chosen }}
              isCritical={path.has(String(index))}
              onClick={() => {
                const [only, ...others] = node.tasks
                if (others.length > 0) onChooseAll(node.tasks)
                else if (only !== undefined) onChoose(only)
              }}
            />
          ))}
        </svg>
      </div>
    </section>
  )
}

function captionOf({ criticalPath, tasks }: Report, { kind, alone }: PageGraph): string {
  const how = {
    whole: alone.length > 0 ? `${plural(alone.length, 'task')} without dependencies not drawn` : '',
    by_group: `${plural(tasks.length, 'task')}, folded by level and group`,
    by_level: `${plural(tasks.length, 'task')}, folded by level`,
  }
  const chain = criticalPath.length > 0 ? `critical path: ${plural(criticalPath.length, 'task')}` : ''
  return [how[kind], chain].filter(Boolean).join('; ')
}

/** The nodes of the critical path, and the edges between them. */
function stepsOf(ids: readonly TaskId[], { nodes }: PageGraph): ReadonlySet<string> {
  const placeOf = new Map<string, number>()
  for (const [index, { tasks }] of nodes.entries()) for (const id of tasks) placeOf.set(id, index)
  const groupsAt = nodes.flatMap(({ group, tasks }, index) =>
    group !== undefined && tasks.length === 0 ? [index] : [],
  )
  const steps = new Set<string>()
  let before: number | undefined
  for (const id of ids) {
    const at = placeOf.get(id)
    if (at === undefined) continue
    steps.add(String(at))
    if (before !== undefined && before !== at) {
      steps.add(`${before} ${at}`)
      // The way may lead through the point at which a group is done.
      for (const group of groupsAt) for (const step of [`${before} ${group}`, `${group} ${at}`]) steps.add(step)
    }
    before = at
  }
  return steps
}

interface NodeProps {
  readonly node: PageNode
  readonly index: number
  readonly byId: ReadonlyMap<string, ReportTask>
  readonly chosen: TaskId | undefined
  readonly isCritical: boolean
  readonly onClick: () => void
}

function Node({ node, index, byId, chosen, isCritical, onClick }: NodeProps) {
  const { x, y, tasks, group, level } = node
  if (tasks.length === 0) {
    return (
      <g class="junction" transform={`translate(${x} ${y})`}>
        <title>{`all of ${cleanName(group ?? '', 120)} is done`}</title>
        <circle r="5" />
      </g>
    )
  }
  const task = tasks.length === 1 ? byId.get(tasks[0] ?? '') : undefined
  const label = task ? cleanName(task.id, 60) : foldLabel(node)
  const title = task ? `${label}: ${task.title} (${task.state})` : `${label}: ${plural(tasks.length, 'task')}`
  const isChosen = chosen !== undefined && tasks.includes(chosen)
  const state = task?.state ?? worstOf(tasks, byId)
  return (
    <g
      class={['node', state, isCritical ? 'critical' : '', isChosen ? 'chosen' : ''].join(' ')}
      transform={`translate(${x - width / 2} ${y - height / 2})`}
      role="button"
      tabIndex={index === 0 || isChosen ? 0 : -1}
      data-index={index}
      data-level={level}
      aria-label={title}
      onClick={onClick}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onClick()
      }}
    >
      <title>{title}</title>
      <rect width={width} height={height} rx="5" />
      <text x="8" y={height / 2}>
        {label.length > 20 ? `${label.slice(0, 19)}…` : label}
      </text>
    </g>
  )
}

function foldLabel({ tasks, group = '', level = 0 }: PageNode): string {
  return `${group === '' ? `level ${level}` : cleanName(group, 40)} (${tasks.length})`
}

const order: readonly ReportState[] = [
  ...(['failed', 'held', 'canceled', 'running', 'verifying', 'merging', 'queued', 'pending', 'done'] as const),
]

function worstOf(ids: readonly TaskId[], byId: ReadonlyMap<string, ReportTask>): ReportState {
  const states = new Set(ids.map((id) => byId.get(id)?.state))
  return order.find((state) => states.has(state)) ?? 'pending'
}

/** Smooth, with the points in between as they are. */
function curve(points: readonly number[]): string {
  const [x0 = 0, y0 = 0] = points
  let [path, x, y] = [`M${x0} ${y0}`, x0, y0]
  for (let at = 2; at + 1 < points.length; at += 2) {
    const [nextX = 0, nextY = 0] = [points[at], points[at + 1]]
    const middle = (x + nextX) / 2
    path += `C${middle} ${y} ${middle} ${nextY} ${nextX} ${nextY}`
    ;[x, y] = [nextX, nextY]
  }
  return path
}

/** The arrow keys go along the edges, and up and down among neighbours. */
function moveAlong(event: KeyboardEvent, { nodes, edges }: PageGraph): void {
  const focused = document.activeElement
  const at = focused instanceof SVGElement ? Number(focused.dataset.index) : Number.NaN
  const node = nodes[at]
  if (!node) return
  const near = (others: readonly number[]) =>
    [...others].sort((a, b) => Math.abs((nodes[a]?.y ?? 0) - node.y) - Math.abs((nodes[b]?.y ?? 0) - node.y))[0]
  const column = nodes.flatMap(({ x, tasks }, index) => (x === node.x && tasks.length > 0 ? [index] : []))
  const steps: Readonly<Record<string, () => number | undefined>> = {
    ArrowRight: () => near(edges.flatMap(([from, to]) => (from === at ? [to] : []))),
    ArrowLeft: () => near(edges.flatMap(([from, to]) => (to === at ? [from] : []))),
    ArrowDown: () => near(column.filter((index) => (nodes[index]?.y ?? 0) > node.y)),
    ArrowUp: () => near(column.filter((index) => (nodes[index]?.y ?? 0) < node.y)),
  }
  const next = steps[event.key]?.()
  if (next === undefined) return
  event.preventDefault()
  const target = (event.currentTarget as HTMLElement).querySelector<SVGElement>(`[data-index="${next}"]`)
  target?.focus()
}
