import { isSet, type Environment } from '../../domain/process/environment.js'
import { cleanLine } from '../../domain/text.js'
import { realClock } from '../../platform/clock.js'
import { writeCommand, writePlainly } from './output.js'
import { sectionMarkers } from '../ci/gitlab-sections.js'
import { annotationCommand, groupCommands, withoutCommands, type Annotation } from '../ci/workflow-commands.js'

/** The CI service that shows the log, as far as it understands more than lines. Writes to stderr, beside the progress. */
export interface CiHost {
  /** Folds what is printed from now on, until the result is called. */
  fold(title: string): () => void
  /** Shows a problem at its place in a file. */
  annotate(annotation: Annotation): void
}

/** Found by its own variables; elsewhere nothing is printed for it. */
export function ciHost(env: Environment): CiHost {
  if (env.GITHUB_ACTIONS === 'true') return gitHub
  return isSet(env.GITLAB_CI) ? gitLab : nobody
}

const nobody: CiHost = { fold: () => () => undefined, annotate: () => undefined }

const gitHub: CiHost = {
  fold(title) {
    const { begin, end } = groupCommands(cleanLine(title))
    writeCommand(process.stderr, begin)
    return () => writeCommand(process.stderr, end)
  },
  annotate: (annotation) => writeCommand(process.stderr, annotationCommand(cleaned(annotation))),
}

const gitLab: CiHost = {
  fold(title) {
    const { begin, end } = sectionMarkers('autopilot_run', cleanLine(title))
    const seconds = () => Math.floor(realClock.now() / 1000)
    writePlainly(process.stderr, begin(seconds()))
    return () => writePlainly(process.stderr, end(seconds()))
  },
  annotate: () => undefined,
}

/** Nothing in it may look like the older form of a command, which counts anywhere in a line. */
function cleaned(annotation: Annotation): Annotation {
  const clean = (text: string, max: number) => withoutCommands(cleanLine(text, max))
  const { file, title, text } = annotation
  return { ...annotation, file: clean(file, 500), title: clean(title, 200), text: clean(text, 2000) }
}
