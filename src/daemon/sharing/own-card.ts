/** The own contact card: what it is made of, who is told of it, and how it is renewed. */
import { Ed25519Key, ed25519PublicKey } from '../../core/crypto/ed25519.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { encodeCard } from '../../core/identity/card.ts'
import { endSlot } from '../../core/identity/slot.ts'
import { sameBytes, toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { Letter } from '../../core/pipeline/letter.ts'
import type { JobStore } from '../../core/pipeline/ports.ts'
import type { Network } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { KeyRing } from './keys.ts'
import { PROFILE } from './profile-keys.ts'

/** An ended slot is put as long as a slot can count: nobody then holds one that was signed before. */
const ENDED_LIFE_MS = 90 * 86_400_000
/** Of the keys that an identity began with; none given by an export go before them. */
const FIRST_DRAWN = 1

/** The keys behind a card, as own devices hand them on. */
export interface CardKeys {
  /** In ms. */
  readonly drawn: number
  /** Seed of the directory key, 32 bytes. */
  readonly directory: SecretBytes
  /** 16 bytes. */
  readonly read: SecretBytes
}

export interface OwnCardDeps {
  users: UserDatabaseManager
  keys: KeyRing
  jobs: JobStore
  network: () => Network
  wake: () => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeOwnCard({ users, keys, jobs, network, wake, clock, log }: OwnCardDeps) {
  /** @throws `keystore/locked` before the first unlock. */
  function text(local: Did): string {
    const [directory, read] = users.read(local, db => [
      db.profile.bytes(PROFILE.directory),
      db.profile.bytes(PROFILE.read),
    ])
    if (!directory || !read) throw new VivimError('keystore/locked', 'the card is made at the first unlock')
    return encodeCard({ did: local, directory, read, peer: network().peerId, addrs: network().addrs() })
  }

  const atMs = (local: Did): number => Number(users.read(local, db => db.profile.text(PROFILE.cardAt)) ?? 0)

  /** What contacts should know: the card, the node behind it, the document in force, and where it moves to. */
  function toTell(local: Did): string {
    const { document, directoryKey } = keys.keys(local)
    const moved = users.read(local, db => db.profile.text(PROFILE.movedCard))
    return [toHex(directoryKey.publicKey), network().peerId, toHex(document.hash), moved ?? ''].join(' ')
  }

  /** A letter for each contact who is accepted and not blocked; strangers are not told. @returns how many. */
  async function tellContacts(local: Did): Promise<number> {
    const targets = users
      .read(local, db => db.contacts.list())
      .filter(({ state }) => state === 'known' || state === 'verified')
    for (const { did } of targets)
      await jobs.add({
        kind: 'card',
        owner: local,
        share: null,
        circle: null,
        target: did,
        notBeforeMs: clock.nowMs(),
      })
    wake()
    return targets.length
  }

  const drawnMs = (local: Did): number =>
    Number(users.read(local, db => db.profile.text(PROFILE.cardDrawn)) ?? FIRST_DRAWN)

  /** Keep what the card is made of where a locked node can read it. A card that was renewed ends the slot of the one before.
   *  @param drawn - when, where the keys are others than before. */
  function keep(local: Did, drawn = Math.max(clock.nowMs(), drawnMs(local) + 1)): void {
    const { directoryKey, read } = keys.keys(local)
    const directory = ed25519PublicKey(directoryKey)
    users.write(local, db => {
      const before = db.profile.bytes(PROFILE.directory)
      if (before !== null && !sameBytes(before, directory)) {
        db.profile.delete(PROFILE.slot)
        db.profile.delete(PROFILE.slotTold)
        db.profile.put(PROFILE.cardAt, String(clock.nowMs()))
        db.profile.put(PROFILE.cardDrawn, String(drawn))
      }
      db.profile.put(PROFILE.directory, directory)
      db.profile.put(PROFILE.read, read.reveal())
    })
  }

  return {
    text,
    keep,
    drawnMs,

    /** Take the card's keys that another own device drew later. @param store - makes the keystore hold them.
     *  @returns whether they are others, or later, than the ones here. */
    async adopt(local: Did, card: CardKeys, store: () => Promise<void>): Promise<boolean> {
      const here = toHex(ed25519PublicKey(keys.keys(local).directoryKey))
      const theirs = toHex(new Ed25519Key(card.directory).publicKey)
      const known = drawnMs(local)
      const isNew = card.drawn > known || (card.drawn === known && theirs > here)
      if (isNew && theirs === here)
        users.write(local, db => db.profile.put(PROFILE.cardDrawn, String(card.drawn)))
      if (!isNew || theirs === here) {
        card.directory.wipe()
        card.read.wipe()
        return isNew
      }
      await store()
      keep(local, card.drawn)
      log('card.adopted', { did: local })
      return true
    },

    readSecret: (local: Did): Uint8Array | null => users.read(local, db => db.profile.bytes(PROFILE.read)),

    /** What every letter begins with: the card, and how new it is. */
    introduce(local: Did): Pick<Letter, 'card' | 'cardAt'> {
      const at = atMs(local)
      return { card: text(local), ...(at > 0 && { cardAt: at }) }
    },

    /** Once the keystore is unlocked: tell contacts what they were not told yet, such as after a renewal that a
     *  process ended in, after a recovery, of a newer document. @returns how many are told. */
    async refresh(local: Did): Promise<number> {
      const told = users.read(local, db => db.profile.text(PROFILE.cardTold))
      const now = toTell(local)
      if (told === now) return 0
      // A node that never had to tell anything begins with what its contacts have anyway.
      const count = told === null ? 0 : await tellContacts(local)
      users.write(local, db => db.profile.put(PROFILE.cardTold, now))
      return count
    },

    /** The ended slots that are still to be put. */
    endedSlots: (local: Did): Uint8Array[] =>
      users.read(local, db => db.profile.allBytes(PROFILE.slotEnded)).map(({ value }) => value),

    /** Draw another card. The end of the old slot is signed first, and put once the new card is in force.
     *  @param drawAnother - makes the keystore hold new keys. @returns how many contacts are told. */
    async renew(local: Did, drawAnother: () => Promise<void>): Promise<number> {
      const old = keys.keys(local).directoryKey
      const ended = endSlot(old, clock.nowMs() + ENDED_LIFE_MS)
      users.write(local, db => {
        db.profile.put(PROFILE.slotEnded + toHex(old.publicKey), ended)
        db.profile.put(PROFILE.cardTold, '')
      })
      await drawAnother()
      keep(local)
      const told = await tellContacts(local)
      users.write(local, db => db.profile.put(PROFILE.cardTold, toTell(local)))
      log('card.renewed', { did: local, told })
      return told
    },
  }
}

export type OwnCard = ReturnType<typeof makeOwnCard>
