import type { TaskId } from '../../domain/brand.js'
import type { Report, ReportHead, ReportTask, Sample, Span } from '../form.js'

/** What a page is made of. */
export interface PageData {
  readonly report: Report
  readonly graph: PageGraph
  /** It is followed while the run is at work; the number of the last patch that is in it. */
  readonly live?: { readonly patch: number }
}

/** The dependencies as they are drawn; places are middles of nodes, in pixels. */
export interface PageGraph {
  readonly kind: 'whole' | 'by_group' | 'by_level'
  readonly width: number
  readonly height: number
  readonly nodes: readonly PageNode[]
  /** From which node to which, and the points between: x, y, x, y, … */
  readonly edges: readonly (readonly [from: number, to: number, points: readonly number[]])[]
  readonly alone: readonly TaskId[]
}

export interface PageNode {
  readonly x: number
  readonly y: number
  readonly tasks: readonly TaskId[]
  readonly group?: string
  readonly level?: number
}

/** Of a node with the gaps around it, in pixels. */
export const nodeSize = { width: 190, height: 40 } as const

/** What has changed since the patch before. */
export interface Patch {
  readonly patch: number
  readonly head: Omit<ReportHead, 'criticalPath'>
  readonly tasks: readonly ReportTask[]
  readonly spans: readonly (readonly [index: number, span: Span])[]
  /** From this place on, the samples are these. */
  readonly samples: { readonly from: number; readonly list: readonly Sample[] }
}
