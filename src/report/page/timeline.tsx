import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { TaskId } from '../../domain/brand.js'
import { idleCauses, type Report, type Span } from '../form.js'
import { formatDuration } from '../../domain/duration.js'
import { colourNameOf, colourOf, useRedraw } from './colours.js'
import { barAt, idleAt, lanesOf, type Bar, type Idle, type Lane } from './lanes.js'
import { axisHeight, drawTimeline, gutter, laneHeightOf, msAt, type View } from './timeline-drawing.js'
import { idleWords, kindWords, spanWords, timeOfDay } from './words.js'

interface TimelineProps {
  readonly report: Report
  readonly chosen: TaskId | undefined
  readonly onChoose: (id: TaskId) => void
}

const legend: readonly Span['kind'][] = [
  'attempt',
  'repair',
  'finish',
  'review',
  'gate',
  'landing',
  'cool_down',
  'wait',
]

/** What was on each slot when, and gates, landings and cool-downs. */
export function Timeline({ report, chosen, onChoose }: TimelineProps) {
  const lanes = useMemo(() => lanesOf(report), [report.slots, report.spans, report.ms, report.samples])
  const [zoom, setZoom] = useState<View | undefined>(undefined)
  const view = useMemo(() => zoom ?? { from: 0, to: Math.max(1, report.ms) }, [zoom, report.ms])
  const canvas = useCanvas(lanes, view, chosen)
  const [tip, setTip] = useState<{ readonly text: string; readonly x: number; readonly y: number } | undefined>(
    undefined,
  )
  const drag = useRef<number | undefined>(undefined)
  const change = (by: (view: View) => View) => setZoom(within(by(view), report.ms))
  const find = (event: MouseEvent) => {
    const { offsetX: x, offsetY: y } = event
    const width = canvas.current?.clientWidth ?? 0
    const lane = lanes[Math.floor((y - axisHeight) / laneHeightOf(lanes.length))]
    const perPixel = (view.to - view.from) / Math.max(1, width - gutter)
    const ms = msAt(x, view, width)
    return { ms, bar: barAt(lane, ms, 3 * perPixel), idle: idleAt(lane, ms), x, y }
  }
  const onMove = (event: MouseEvent) => {
    const { bar, idle, x, y } = find(event)
    const text = bar ? `${spanWords(bar.span, report.ms)}, ${timeOfDay(report, bar.from)}` : idle && idleText(idle)
    setTip(text === undefined ? undefined : { text, x, y })
  }
  const onUp = (event: MouseEvent) => {
    const { ms, bar } = find(event)
    const from = drag.current
    drag.current = undefined
    if (from === undefined) return
    const [least, most] = [Math.min(from, ms), Math.max(from, ms)]
    if (most - least > (view.to - view.from) / 50) change(() => ({ from: least, to: most }))
    else if (bar?.span.taskId !== undefined) onChoose(bar.span.taskId)
  }
  return (
    <section aria-label="Timeline" class="timeline">
      <div class="bar-above">
        <h2>Timeline</h2>
        <ul class="legend">
          {legend
            .filter((kind) => report.spans.some((span) => span.kind === kind))
            .map((kind) => (
              <li key={kind}>
                <i class={kind.replace('_', '-')} /> {kindWords[kind]}
              </li>
            ))}
          <li>
            <i class="failed" /> failed
          </li>
          {idleCauses
            .filter((cause) => (report.idleMs[cause] ?? 0) > 0)
            .map((cause) => (
              <li key={cause}>
                <i class={`idle line ${cause}`} /> {idleWords[cause]}
              </li>
            ))}
        </ul>
        <span class="buttons">
          <button type="button" aria-label="Zoom in" onClick={() => change((old) => scaled(old, 0.5))}>
            +
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => change((old) => scaled(old, 2))}>
            −
          </button>
          <button type="button" onClick={() => setZoom(undefined)} disabled={!zoom}>
            whole run
          </button>
        </span>
      </div>
      <div class="canvas" onMouseLeave={() => setTip(undefined)}>
        <canvas
          ref={canvas}
          tabIndex={0}
          role="img"
          aria-label={`Timeline of ${lanes.length} lanes. Left and right move it, plus and minus zoom, 0 shows the whole run.`}
          onMouseMove={onMove}
          onMouseDown={(event) => (drag.current = find(event).ms)}
          onMouseUp={onUp}
          onKeyDown={(event) => onKey(event, change, () => setZoom(undefined))}
        />
        {tip && (
          <div class="tip" role="tooltip" style={{ left: `${tip.x + 12}px`, top: `${tip.y + 12}px` }}>
            {tip.text}
          </div>
        )}
      </div>
      <p class="hint">Drag to zoom into a part; click a bar for its task.</p>
    </section>
  )
}

function idleText({ cause, from, to }: Idle): string {
  return `idle, ${idleWords[cause]}: ${formatDuration(to - from)}`
}

type Change = (by: (view: View) => View) => void

function onKey(event: KeyboardEvent, change: Change, reset: () => void): void {
  const actions: Readonly<Record<string, () => void>> = {
    '+': () => change((view) => scaled(view, 0.5)),
    '=': () => change((view) => scaled(view, 0.5)),
    '-': () => change((view) => scaled(view, 2)),
    '0': reset,
    ArrowLeft: () => change((view) => moved(view, -0.2)),
    ArrowRight: () => change((view) => moved(view, 0.2)),
  }
  const act = actions[event.key]
  if (!act || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  act()
}

function scaled({ from, to }: View, by: number): View {
  const [middle, half] = [(from + to) / 2, ((to - from) / 2) * by]
  return { from: middle - half, to: middle + half }
}

function moved({ from, to }: View, by: number): View {
  const step = (to - from) * by
  return { from: from + step, to: to + step }
}

/** Never beyond the run, nor closer than a millisecond. */
function within({ from, to }: View, ms: number): View | undefined {
  const length = Math.min(Math.max(1, to - from), ms)
  if (length >= ms) return undefined
  const start = Math.min(Math.max(0, from), ms - length)
  return { from: start, to: start + length }
}

/** The canvas that the lanes are drawn on, as wide as there is space. */
function useCanvas(lanes: readonly Lane[], view: View, chosen: TaskId | undefined) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const draw = useCallback(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context) return
    const width = element.parentElement?.clientWidth ?? 800
    const height = axisHeight + lanes.length * laneHeightOf(lanes.length)
    const scale = window.devicePixelRatio || 1
    element.width = Math.round(width * scale)
    element.height = Math.round(height * scale)
    element.style.height = `${height}px`
    context.setTransform(scale, 0, 0, scale, 0, 0)
    const colours = new Map<string, string>()
    const colour = (name: string) => {
      const known = colours.get(name) ?? colourOf(name)
      colours.set(name, known)
      return known
    }
    drawTimeline(context, {
      ...{ lanes, view, width },
      colourOf: ({ span }: Bar) => colour(colourNameOf(span)),
      isFaint: ({ span }: Bar) => chosen !== undefined && span.taskId !== chosen,
      idleColourOf: ({ cause }: Idle) => colour(`idle-${cause.replace('_', '-')}`),
      ink: { text: colour('text'), line: colour('line'), stripe: colour('stripe') },
    })
  }, [lanes, view, chosen])
  useEffect(draw, [draw])
  useRedraw(draw)
  useEffect(() => {
    if (!canvas.current?.parentElement) return undefined
    const observer = new ResizeObserver(draw)
    observer.observe(canvas.current.parentElement)
    return () => observer.disconnect()
  }, [draw])
  return canvas
}
