import type { Environment } from '../../domain/process/environment.js'
import { ok, type Result } from '../../domain/result.js'
import { cleanLine } from '../../domain/text.js'
import type { Identity, RepositoryRefusal } from '../contract.js'
import { refuse } from './refusal.js'
import { filled, isOn, lastValue, type GitSetting } from './user-config.js'

/** The identity of a repository whose user has none, or only half of one. */
const standIn: Identity = { name: 'Autopilot', email: 'autopilot@localhost' }

/**
 * Who git would say the author is: environment, `author.*`, `user.*`, in git's order; git's guesses do not count. Where the
 * user wants none made up (`user.useConfigOnly`), none is.
 */
export function readIdentity(settings: readonly GitSetting[], env: Environment): Result<Identity, RepositoryRefusal> {
  const isConfigOnly = isOn(settings, 'user.useconfigonly', false)
  const part = (variable: string | undefined, which: string) => {
    const configured = lastValue(settings, `author.${which}`) ?? lastValue(settings, `user.${which}`) ?? ''
    return cleanLine(filled(variable) ?? configured)
      .replace(/[<>]/g, '')
      .trim()
  }
  const name = part(env.GIT_AUTHOR_NAME, 'name')
  const email = part(env.GIT_AUTHOR_EMAIL, 'email') || (isConfigOnly ? '' : cleanLine(env.EMAIL ?? ''))
  if (name !== '' && email !== '') return ok({ name, email })
  if (!isConfigOnly) return ok(standIn)
  return refuse(
    'no_identity',
    `git has no ${name === '' ? 'user.name' : 'user.email'} for commits here, and user.useConfigOnly forbids a default.`,
    'Set both, for example in this repository: git config user.name … && git config user.email …',
  )
}

/** What a person should know about who landed commits will be by. */
export function identityWarnings({ name, email }: Identity): readonly string[] {
  if (email !== standIn.email) return []
  return [`git has no user.name and user.email here, so the author of landed commits is ${name} <${email}>`]
}

/** The variables that make git commit with this identity, whatever is configured. */
export function identityEnv({ name, email }: Identity): Record<string, string> {
  return { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email }
}
