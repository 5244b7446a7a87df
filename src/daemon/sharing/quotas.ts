/** How much room what others send may take here: little for strangers, more for who came by an invite, and for an accepted contact as much
 *  as the owner of the home says. */
import { parseManifest } from '../../core/crypto/manifest.ts'
import type { Did } from '../../core/model/id.ts'
import type { Delivery } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { senderOf } from '../storage/user/received-table.ts'
import type { Contacts } from './contacts.ts'

/** What all strangers together may fill, in shares of what one may. */
const STRANGERS_TOGETHER = 4
/** What all who came by invites, and were not accepted, may fill together, in shares of what one may. */
const INVITED_TOGETHER = 16
/** Letters taken from one sender in a month, for each item that may lie here: their receipts are kept after the items ended. */
const LETTERS_AN_ITEM = 10
/** A byte of a manifest stands for less content than this: 41 of them name a block of 64 KiB and its tag. */
const MAX_CONTENT_A_BYTE = 2048

export interface Quota {
  /** Items of one person, and bytes of their content. */
  readonly items: number
  readonly bytes: number
}

export interface QuotasDeps {
  users: UserDatabaseManager
  contacts: Contacts
  strangers: Quota
  /** Strangers at once. */
  maxStrangers: number
  /** Of people who were accepted. */
  accepted: Quota
}

/** The bytes of the blocks that belong to a row. */
const sizeOf = (row: { manifest: Uint8Array | null }): number =>
  row.manifest ? parseManifest(row.manifest).size : 0

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

export function makeQuotas({ users, contacts, strangers, maxStrangers, accepted }: QuotasDeps) {
  /** Nobody can fill a disk by writing to people. @param content - bytes of the blocks that the delivery is about. */
  function isOver({ from, to, envelopes, manifest }: Delivery, content: number): boolean {
    const letter = sum(envelopes.map(({ length }) => length)) + (manifest?.length ?? 0)
    const contact = contacts.get(to, from)
    if (contact === null || contact.state === 'stranger') return isOverStrangers(to, from, letter + content)
    if (contact.byInvite) return isOverInvited(to, from, letter + content)
    return isOverAccepted(to, from, letter, manifest === null ? null : content)
  }

  function isOverStrangers(to: Did, from: Did, bytes: number): boolean {
    const held = users.read(to, db => ({
      waiting: db.letters.held(from),
      known: db.letters.countOf(from),
      received: db.received.list().filter(row => row.state === 'held'),
      strangers: db.contacts.list('stranger').length,
      waitingOfAll: db.letters.strangersBytes(),
      manifests: db.letters.strangersManifests(),
    }))
    if (contacts.get(to, from) === null && held.strangers >= maxStrangers) return true
    if (held.known >= strangers.items * LETTERS_AN_ITEM) return true
    // A letter that was not opened yet, such as with a locked keystore, has its blocks here as well.
    const here = [...held.received, ...held.manifests]
    if (sum(here.map(sizeOf)) + held.waitingOfAll + bytes > strangers.bytes * STRANGERS_TOGETHER) return true
    const own = held.received.filter(row => senderOf(row) === from)
    if (held.waiting.letters + own.length >= strangers.items) return true
    const kept = [...own, ...held.manifests.filter(({ sender }) => sender === from)]
    return sum(kept.map(sizeOf)) + held.waiting.bytes + bytes > strangers.bytes
  }

  /** A line of many uses may be in any hands: who came by one shares with its circle like anybody, and fills no disk. */
  function isOverInvited(to: Did, from: Did, bytes: number): boolean {
    const { invited, received, waiting } = users.read(to, db => ({
      invited: new Set(db.contacts.list('known').flatMap(({ did, byInvite }) => (byInvite ? [did] : []))),
      received: db.received.list().map(row => ({ sender: senderOf(row), size: sizeOf(row) })),
      waiting: db.letters.waiting().map(row => ({ sender: row.sender, size: sizeOf(row) + row.bytes })),
    }))
    const here = [...received, ...waiting].filter(({ sender }) => invited.has(sender))
    const own = here.filter(({ sender }) => sender === from)
    return (
      sum(own.map(({ size }) => size)) + bytes > strangers.bytes ||
      sum(here.map(({ size }) => size)) + bytes > strangers.bytes * INVITED_TOGETHER
    )
  }

  /** @param letter - its bytes. @param content - null for a letter without one: what ends a share must come through where no other fits. */
  function isOverAccepted(to: Did, from: Did, letter: number, content: number | null): boolean {
    const { known, waiting, manifests } = users.read(to, db => ({
      known: db.letters.countOf(from),
      waiting: db.letters.held(from),
      manifests: [...db.letters.manifestsFrom(from), ...db.received.manifestsFrom(from)],
    }))
    if (known >= accepted.items * LETTERS_AN_ITEM) return true
    const left = accepted.bytes - waiting.bytes - letter
    if (content === null || left < 0) return left < 0
    if (manifests.length >= accepted.items) return true
    const most = sum(manifests.map(({ length }) => length)) * MAX_CONTENT_A_BYTE
    return content + most > left && content + sum(manifests.map(manifest => sizeOf({ manifest }))) > left
  }

  return { isOver }
}

export type Quotas = ReturnType<typeof makeQuotas>
