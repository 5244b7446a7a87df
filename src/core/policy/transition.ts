/** Privacy transitions: whether something may begin to leave this node at all, before anybody asks for it. Pure. */
import type { DecidingRule, Decision, Right } from './decide.ts'

/** What is to leave. `received` are the rights that its owner gave where it is somebody else's, null for one's own. */
export interface Transition {
  received: readonly Right[] | null
  /** The provider was asked not to keep this conversation. */
  doNotRemember: boolean
  /** Whether the user said so for this very share: by `--yes`, the dialog, or the digest of the preview. */
  confirmed: boolean
}

const allow = (id: string, text: string): DecidingRule => ({ id, effect: 'allow', text })
const deny = (id: string, text: string): DecidingRule => ({ id, effect: 'deny', text })

/** From local to shared. What others own leaves only where they allowed to reshare it. */
export function decideTransition({ received, doNotRemember, confirmed }: Transition): Decision {
  const denying: DecidingRule[] = []
  if (received !== null && !received.includes('reshare'))
    denying.push(deny('no-reshare', 'Its owner did not allow to share it on.'))
  if (doNotRemember && !confirmed)
    denying.push(
      deny('do-not-remember', 'It was meant to be kept by nobody: sharing it has to be confirmed.'),
    )
  if (denying.length > 0) return { decision: 'deny', rules: denying }
  return {
    decision: 'allow',
    rules: [received === null ? allow('own', 'It is one’s own.') : allow('reshare', 'Its owner allowed it.')],
  }
}
