/** Environment variables by name, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Whether this is a CI job: `CI` is set, and not to say that it is none. */
export function isCi({ CI }: Environment): boolean {
  return isSet(CI)
}

/** Whether a variable is set that switches something on; `0`, `false`, `no` and `off` switch it off. */
export function isSet(value: string | undefined): boolean {
  return value !== undefined && !/^(|0|false|no|off)$/i.test(value.trim())
}
