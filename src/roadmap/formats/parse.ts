import type { ParseRoadmap } from './contract.js'
import { parseNative } from './native/parse.js'

/** Reads a roadmap in whichever format it has; all that reads one comes through here, also to write statuses back. */
export const parseRoadmap: ParseRoadmap = parseNative
