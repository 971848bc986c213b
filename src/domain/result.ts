/** A step that may fail in normal life returns one of these; exceptions are bugs. */
export type Result<Value, Err> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: Err }

export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value }
}

export function err<Err>(error: Err): { readonly ok: false; readonly error: Err } {
  return { ok: false, error }
}
