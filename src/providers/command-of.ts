import type { AgentCommand, Assignment, Provider } from './adapter/contract.js'

/** The command of a turn. What a provider cannot do is not asked of it: that would be a bug. */
export function commandOf(provider: Provider, assignment: Assignment): AgentCommand {
  const { resume, review } = provider
  if (assignment.type === 'review') {
    if (!review) throw new Error(`${provider.name} was asked for a review, which it cannot do`)
    return review.command(assignment.request)
  }
  const { request, conversation } = assignment
  if (conversation === undefined) return provider.command(request)
  if (!resume) throw new Error(`${provider.name} was asked to go on with a conversation, which it cannot do`)
  return resume.command(request, conversation)
}
