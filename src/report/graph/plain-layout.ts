import { levelsOf } from './dependencies.js'
import type { Layout, LayoutQuestion, Point } from './layout-form.js'

/** Layers from left to right, each in the order of the question, whatever crosses. */
export function plainLayout({ nodes, size }: LayoutQuestion): Layout {
  const levels = levelsOf(nodes)
  const taken = new Map<number, number>()
  const places = new Map<string, Point>()
  for (const { key } of nodes) {
    const level = levels.get(key) ?? 0
    const row = taken.get(level) ?? 0
    taken.set(level, row + 1)
    places.set(key, [Math.round((level + 0.5) * size.width), Math.round((row + 0.5) * size.height)])
  }
  const placeOf = (key: string): Point => places.get(key) ?? [0, 0]
  return {
    width: Math.round(taken.size * size.width),
    height: Math.round(Math.max(0, ...taken.values()) * size.height),
    places: nodes.map(({ key }) => placeOf(key)),
    edges: nodes.flatMap(({ key, parents }) =>
      parents.map((parent) => ({ from: parent, to: key, points: [placeOf(parent), placeOf(key)] })),
    ),
  }
}
