/** A promise that somebody else resolves; only the first value counts. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value) => void
}

export function deferred<Value>(): Deferred<Value> {
  let keep: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((resolve) => (keep = resolve))
  return { promise, resolve: keep }
}
