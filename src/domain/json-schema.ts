/** A JSON Schema (draft 2020-12), as plain data; `false` where nothing may stand. */
export type JsonSchema = JsonSchemaObject | boolean

export type JsonSchemaObject = Readonly<Record<string, unknown>>

export const jsonSchemaDialect = 'https://json-schema.org/draft/2020-12/schema'

/** A pattern for one of these words, whatever their case; JSON Schema has no flag for that. */
export function anyCase(words: readonly string[]): string {
  return words.map((word) => word.replace(/./gu, caseless)).join('|')
}

function caseless(character: string): string {
  const [lower, upper] = [character.toLowerCase(), character.toUpperCase()]
  return lower === upper ? character.replace(/[$()*+./?[\\\]^{|}]/, '\\$&') : `[${lower}${upper}]`
}
