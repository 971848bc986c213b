/** What JSON leaves as it is although a terminal obeys it, shows it in another order or not at all. */
const obeyed = /[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** A value as JSON on one line that does nothing to a terminal; what it says is the same. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(obeyed, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
