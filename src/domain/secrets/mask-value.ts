import { fieldsOf, type Shape } from '../shape/shape.js'
import { noMask, type Mask } from './mask.js'

/** Plain data with the secrets in its texts masked; names stay as they are. */
export function maskValue<Value>(shape: Shape<Value>, value: Value, mask: Mask): Value {
  return mask === noMask ? value : (masked(shape, value, mask) as Value)
}

function masked(shape: Shape | undefined, value: unknown, mask: Mask): unknown {
  if (shape?.kind === 'or_null') return masked(shape.each, value, mask)
  if (typeof value === 'string') return shape?.kind === 'name' || shape?.kind === 'one_of' ? value : mask.text(value)
  if (Array.isArray(value))
    return value.map((one) => masked(shape?.kind === 'list' ? shape.each : undefined, one, mask))
  if (typeof value !== 'object' || value === null) return value
  if (shape?.kind === 'map') return eachField(value, () => shape.each, mask)
  const fields = fieldsOf(shape, value)
  const isUnion = shape?.kind === 'union'
  return eachField(value, (key) => (isUnion && key === 'type' ? typeName : fields[key]), mask)
}

const typeName: Shape = { kind: 'name' }

/** What no shape knows is taken for text. */
function eachField(value: object, shapeOf: (key: string) => Shape | undefined, mask: Mask): object {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked(shapeOf(key), one, mask)]))
}
