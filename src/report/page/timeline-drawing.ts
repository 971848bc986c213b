import { formatDuration } from '../../domain/duration.js'
import { cleanName, clip } from '../../domain/text.js'
import type { Bar, Idle, Lane } from './lanes.js'

/** The part of the run that is shown, in ms of the run. */
export interface View {
  readonly from: number
  readonly to: number
}

export const gutter = 96
export const axisHeight = 22

export function laneHeightOf(lanes: number): number {
  return lanes > 60 ? 11 : lanes > 24 ? 16 : 22
}

export function xOf(ms: number, { from, to }: View, width: number): number {
  return gutter + ((ms - from) / Math.max(1, to - from)) * (width - gutter)
}

export function msAt(x: number, { from, to }: View, width: number): number {
  return from + ((x - gutter) / Math.max(1, width - gutter)) * (to - from)
}

export interface Drawn {
  readonly lanes: readonly Lane[]
  readonly view: View
  readonly width: number
  readonly colourOf: (bar: Bar) => string
  readonly isFaint: (bar: Bar) => boolean
  readonly idleColourOf: (idle: Idle) => string
  readonly ink: { readonly text: string; readonly line: string; readonly stripe: string }
}

/** Draws the whole timeline anew. */
export function drawTimeline(context: CanvasRenderingContext2D, drawn: Drawn): void {
  const { lanes, width, ink } = drawn
  const laneHeight = laneHeightOf(lanes.length)
  const height = axisHeight + lanes.length * laneHeight
  context.clearRect(0, 0, width, height)
  context.font = '11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  drawAxis(context, drawn, height)
  for (const [index, lane] of lanes.entries()) {
    const top = axisHeight + index * laneHeight
    if (index % 2 === 1) {
      context.fillStyle = ink.stripe
      context.fillRect(0, top, width, laneHeight)
    }
    context.fillStyle = ink.text
    context.fillText(clip(cleanName(lane.title, 40), 15), 4, top + laneHeight / 2, gutter - 8)
    drawIdle(context, drawn, lane, { top, laneHeight })
    drawBars(context, drawn, lane, { top, laneHeight })
  }
  context.globalAlpha = 1
}

interface Place {
  readonly top: number
  readonly laneHeight: number
}

/** A thin line, in the colour of the cause. */
function drawIdle(
  context: CanvasRenderingContext2D,
  { view, width, idleColourOf }: Drawn,
  { idle = [] }: Lane,
  { top, laneHeight }: Place,
): void {
  context.globalAlpha = 0.6
  for (const part of idle) {
    if (part.to < view.from || part.from > view.to) continue
    const left = Math.max(gutter, xOf(part.from, view, width))
    const right = Math.min(width, xOf(part.to, view, width))
    context.fillStyle = idleColourOf(part)
    context.fillRect(left, top + laneHeight / 2 - 1, Math.max(0.5, right - left), 2)
  }
  context.globalAlpha = 1
}

function drawBars(
  context: CanvasRenderingContext2D,
  { view, width, colourOf, isFaint }: Drawn,
  { bars }: Lane,
  { top, laneHeight }: Place,
): void {
  for (const bar of bars) {
    if (bar.to < view.from || bar.from > view.to) continue
    const left = Math.max(gutter, xOf(bar.from, view, width))
    const right = Math.min(width, xOf(bar.to, view, width))
    context.globalAlpha = isFaint(bar) ? 0.25 : 1
    context.fillStyle = colourOf(bar)
    const wide = Math.max(1, right - left - (right - left > 3 ? 1 : 0))
    context.fillRect(left, top + 1, wide, laneHeight - 2)
    const { taskId } = bar.span
    if (wide > 30 && laneHeight > 14 && taskId !== undefined) {
      context.fillStyle = '#fff'
      context.fillText(clip(cleanName(taskId, 60), Math.floor((wide - 6) / 6.5)), left + 4, top + laneHeight / 2)
    }
  }
  context.globalAlpha = 1
}

function drawAxis(context: CanvasRenderingContext2D, { view, width, ink }: Drawn, height: number): void {
  const step = stepFor(view.to - view.from, (width - gutter) / 90)
  for (let ms = Math.ceil(view.from / step) * step; ms <= view.to; ms += step) {
    const x = Math.round(xOf(ms, view, width)) + 0.5
    context.strokeStyle = ink.line
    context.beginPath()
    context.moveTo(x, axisHeight - 4)
    context.lineTo(x, height)
    context.stroke()
    context.fillStyle = ink.text
    context.fillText(formatDuration(ms), Math.min(x + 3, width - 44), axisHeight / 2)
  }
}

const steps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400].map((s) => s * 1000),
]

function stepFor(ms: number, most: number): number {
  return steps.find((step) => ms / step <= most) ?? Math.max(1, Math.ceil(ms / 10))
}
