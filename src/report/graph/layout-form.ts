/** What is to be laid out; each key once, parents among the keys. */
export interface LayoutQuestion {
  readonly nodes: readonly { readonly key: string; readonly parents: readonly string[] }[]
  /** Of a node, with the gaps around it. */
  readonly size: { readonly width: number; readonly height: number }
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** The middle of each node, in the order of the question. */
  readonly places: readonly (readonly [x: number, y: number])[]
  /** The points of each edge, from parent to child. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly points: readonly Point[] }[]
}
export type Point = readonly [x: number, y: number]
