import type { EpochMs } from '../brand.js'

/**
 * Describes a value, as plain data. Its TypeScript type, the check when it is read back, what is masked, what is
 * promised to others and the documentation are all derived from this one description.
 */
export type Shape<Type = unknown> = Kind & {
  /** Never there; carries the type. */
  readonly [typed]?: Type
  /** Its meaning, for the documentation. */
  readonly about?: string
  /** The heading under which the documentation describes it once, for all that refer to it. */
  readonly title?: string
  readonly optional?: true
  /** Only autopilot itself reads it: it is in the journal, but not in `--output json`. */
  readonly own?: true
}

type Kind =
  /** Outside text, or a sentence for people: secrets in it are masked. */
  | { readonly kind: 'text' }
  /** Identifies something. Programs look it up, so it is never changed, even if it equals a secret's value. */
  | { readonly kind: 'name' }
  | { readonly kind: 'number' }
  /** Epoch ms. */
  | { readonly kind: 'moment' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'one_of'; readonly values: readonly (string | number | true)[] }
  | { readonly kind: 'list'; readonly each: Shape }
  | { readonly kind: 'or_null'; readonly each: Shape }
  /** An object whose keys are names. */
  | { readonly kind: 'map'; readonly each: Shape }
  | { readonly kind: 'object'; readonly fields: Fields }
  /** Objects distinguished by their `type`; the other fields, by that type. */
  | { readonly kind: 'union'; readonly variants: Variants }

declare const typed: unique symbol

export type Fields = Readonly<Record<string, Shape>>
export type Variants = Readonly<Record<string, Variant>>

/** One member of a union: what it is, and its fields beside `type`. */
export interface Variant<Of extends Fields = Fields> {
  readonly about: string
  /** As of a {@link Shape}. */
  readonly own?: true
  readonly fields: Of
}

type Optional<Type> = Shape<Type> & { readonly optional: true }

/** The type of the values that a shape describes. */
export type ValueOf<Of> = Of extends Shape<infer Type> ? Type : never

type OptionalKey<Of extends Fields> = {
  [Key in keyof Of]: Of[Key] extends { readonly optional: true } ? Key : never
}[keyof Of]

type Flat<Type> = { [Key in keyof Type]: Type[Key] }

/** The type of an object with these fields. */
export type ObjectOf<Of extends Fields> = Flat<
  { readonly [Key in Exclude<keyof Of, OptionalKey<Of>>]: ValueOf<Of[Key]> } & {
    readonly [Key in OptionalKey<Of>]?: ValueOf<Of[Key]>
  }
>

/** The type of the members of a union. */
export type UnionOf<Of extends Variants> = {
  [Type in keyof Of]: Flat<{ readonly type: Type } & ObjectOf<Of[Type]['fields']>>
}[keyof Of]

export function text(about?: string): Shape<string> {
  return { kind: 'text', ...told(about) }
}

export function texts(about?: string): Shape<readonly string[]> {
  return list(text(), about)
}

export function name<Type extends string = string>(about?: string): Shape<Type> {
  return { kind: 'name', ...told(about) }
}

export function names<Type extends string = string>(about?: string): Shape<readonly Type[]> {
  return list(name<Type>(), about)
}

export function number<Type extends number = number>(about?: string): Shape<Type> {
  return { kind: 'number', ...told(about) }
}

export function moment(about?: string): Shape<EpochMs> {
  return { kind: 'moment', ...told(about) }
}

export function orNull<Type>(each: Shape<Type>): Shape<Type | null> {
  return { kind: 'or_null', each, ...told(each.about) }
}

export function flag(about?: string): Shape<boolean> {
  return { kind: 'flag', ...told(about) }
}

/** `true`, or absent. */
export function mark(about?: string): Optional<true> {
  return { kind: 'one_of', values: [true], optional: true, ...told(about) }
}

export function oneOf<const Type extends string | number>(values: readonly Type[], about?: string): Shape<Type> {
  return { kind: 'one_of', values, ...told(about) }
}

export function list<Type>(each: Shape<Type>, about?: string): Shape<readonly Type[]> {
  return { kind: 'list', each, ...told(about) }
}

export function map<Type>(each: Shape<Type>, about?: string): Shape<Readonly<Record<string, Type>>> {
  return { kind: 'map', each, ...told(about) }
}

export function object<Of extends Fields>(fields: Of, about?: string): Shape<ObjectOf<Of>> {
  return { kind: 'object', fields, ...told(about) }
}

export function union<Of extends Variants>(variants: Of, about?: string): Shape<UnionOf<Of>> {
  return { kind: 'union', variants, ...told(about) }
}

export function variant<Of extends Fields>(about: string, fields: Of): Variant<Of> {
  return { about, fields }
}

export function optional<Type>(shape: Shape<Type>, about?: string): Optional<Type> {
  return { ...shape, optional: true, ...told(about) }
}

/** Not promised to others; see {@link Shape}. */
export function own<Of extends Shape | Variant>(described: Of): Of {
  return { ...described, own: true }
}

/** Described once, under its own heading. */
export function titled<Type>(title: string, shape: Shape<Type>): Shape<Type> {
  return { ...shape, title }
}

/** The same shape, with its meaning in this place. */
export function as<Type>(shape: Shape<Type>, about: string): Shape<Type> {
  return { ...shape, about }
}

function told(about: string | undefined): { readonly about?: string } {
  return about === undefined ? {} : { about }
}

/** The fields of an object's shape, without the `type` of a union; none for other kinds. */
export function fieldsOf(shape: Shape | undefined, value: object): Fields {
  if (shape?.kind === 'object') return shape.fields
  if (shape?.kind !== 'union') return {}
  const { type } = value as { readonly type?: unknown }
  return typeof type === 'string' && Object.hasOwn(shape.variants, type) ? (shape.variants[type]?.fields ?? {}) : {}
}
