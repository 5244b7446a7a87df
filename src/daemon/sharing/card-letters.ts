/** The job `card`: brings the own card and identity document to a contact, as they are when the letter goes. */
import { activeDevices } from '../../core/identity/document.ts'
import type { Did } from '../../core/model/id.ts'
import type { JobRow } from '../../core/pipeline/ports.ts'
import type { JobOutcome } from '../jobs/runner.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Contacts } from './contacts.ts'
import type { KeyRing } from './keys.ts'
import type { LetterSending } from './letter-sending.ts'
import type { OwnCard } from './own-card.ts'
import type { People } from './people.ts'
import { PROFILE } from './profile-keys.ts'
import type { Reaching } from './reaching.ts'

export interface CardLettersDeps {
  users: UserDatabaseManager
  people: People
  contacts: Contacts
  keys: KeyRing
  card: OwnCard
  reaching: Reaching
  sending: LetterSending
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export const makeCardLetters =
  ({ users, people, contacts, keys, card, reaching, sending, log }: CardLettersDeps) =>
  async ({ owner, target }: JobRow, signal: AbortSignal): Promise<JobOutcome> => {
    const state = target && contacts.get(owner, target)?.state
    if (target === null || (state !== 'known' && state !== 'verified')) return 'done'
    if (!keys.unlocked(owner)) return { code: 'keystore/locked' }
    await reaching.meet(owner, target, signal)
    const document = await people.met(owner, target)
    const devices = document === null ? [] : activeDevices(document)
    if (devices.length === 0) return { code: 'contact/keys-unknown' }
    const letter = {
      ...card.introduce(owner),
      documents: [keys.keys(owner).document.wire],
      ...movedCard(users, owner),
    }
    await sending.send({ from: owner, to: target }, letter, devices, signal)
    log('card.delivered', { target })
    return 'done'
  }

/** Who moved says where to: the document names the DID, the card how to reach it. */
function movedCard(users: UserDatabaseManager, owner: Did): { moved?: string } {
  const moved = users.read(owner, db => db.profile.text(PROFILE.movedCard))
  return moved === null ? {} : { moved }
}
