/** The receiving side of an inbox exchange: judged, bounded, made durable, acknowledged. Works while the keystore is locked. */
import { contentIdOf } from '../../core/crypto/cid.ts'
import type { Ed25519Key } from '../../core/crypto/ed25519.ts'
import { sha256 } from '../../core/crypto/hash.ts'
import { type Manifest, parseManifest } from '../../core/crypto/manifest.ts'
import { parseDocument } from '../../core/identity/document.ts'
import { parseStanding } from '../../core/identity/standing.ts'
import { concat, toHex, utf8 } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import { parseSlip } from '../../core/pipeline/holding.ts'
import { envelopeHash, parseEnvelope } from '../../core/pipeline/letter.ts'
import type { BlockStore } from '../../core/pipeline/ports.ts'
import { signReceipt } from '../../core/pipeline/receipt.ts'
import type { Delivery } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Contacts } from './contacts.ts'
import type { Endings } from './endings.ts'
import { encodeLetterWire } from './letter-wire.ts'
import type { Letters } from './letters.ts'
import type { People } from './people.ts'
import type { Push, Pushes } from './pushes.ts'
import type { Quotas } from './quotas.ts'

/** Blocks that travel with an envelope; larger content is fetched. */
const MAX_PUSH_BYTES = 64 * 1024 * 1024
const MAX_ENVELOPES = 4

export interface ArrivalDeps {
  users: UserDatabaseManager
  blocks: BlockStore
  people: People
  contacts: Contacts
  endings: Endings
  letters: Letters
  pushes: Pushes
  /** The statement that this node shows for a local user, wire form, or null. */
  standing: (local: Did) => Uint8Array | null
  nodeKey: Ed25519Key
  quotas: Quotas
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

type Begun = { ok: true; lacks: Cid[] } | { ok: false; why: string }
const no = (why: string): Begun => ({ ok: false, why })

const isPushed = (manifest: Manifest | null): boolean => manifest !== null && manifest.size <= MAX_PUSH_BYTES

export function makeArrival(deps: ArrivalDeps) {
  const { users, blocks, people, contacts, endings, letters, pushes, standing, nodeKey, quotas, clock, log } =
    deps
  /** By the delivery that it belongs to, which is one object through an exchange. */
  const pushOf = new WeakMap<Delivery, Push>()

  const first = ({ envelopes }: Delivery): Uint8Array => envelopes[0] ?? new Uint8Array(0)

  /** Sender and envelope together: whoever passes on what another person sealed gets no receipt for it, nor takes its place. */
  const keyOf = (delivery: Delivery): string =>
    toHex(sha256(concat(utf8(delivery.from), Uint8Array.of(0), envelopeHash(first(delivery)))))

  /** Everything that can be known of a delivery before its blocks come. */
  function judge(delivery: Delivery): { manifest: Manifest | null } | string {
    const { from, to, envelopes, slip, manifest } = delivery
    if (envelopes.length === 0 || envelopes.length > MAX_ENVELOPES) return 'envelopes'
    if (contacts.get(to, from)?.state === 'blocked') return 'refused'
    for (const envelope of envelopes) parseEnvelope(envelope)
    if (manifest === null) return quotas.isOver(delivery, 0) ? 'quota' : { manifest: null }
    if (slip === null) return 'slip'
    const parsed = parseManifest(manifest)
    const { content, expiresMs } = parseSlip(slip, parsed.shareKey)
    if (content !== contentIdOf(manifest)) return 'slip'
    if (expiresMs !== null && clock.nowMs() >= expiresMs) return 'ended'
    if (endings.isBuried(to, content, parsed.shareKey)) return 'ended'
    if (quotas.isOver(delivery, parsed.size)) return 'quota'
    return { manifest: parsed }
  }

  /** A block that came from somebody else is asked for again: nobody learns by naming it that it is here. */
  async function isLacking({ from, manifest }: Delivery, cid: Cid): Promise<boolean> {
    if (manifest === null || !(await blocks.has(cid))) return true
    return endings.claims.isNamedBeside(cid, { content: contentIdOf(manifest), by: from })
  }

  return {
    async onDelivery(delivery: Delivery): Promise<Begun> {
      try {
        if (users.read(delivery.to, db => db.letters.get(keyOf(delivery))) !== null)
          return { ok: true, lacks: [] }
        const judged = judge(delivery)
        if (typeof judged === 'string') {
          log('inbox.refused', { why: judged, from: delivery.from })
          return no(judged)
        }
        const lacks: Cid[] = []
        if (judged.manifest !== null && isPushed(judged.manifest)) {
          const push = await pushes.begin(delivery.from, judged.manifest)
          if (push === null) return no('busy')
          pushOf.set(delivery, push)
          for (const cid of judged.manifest.chunks) if (await isLacking(delivery, cid)) lacks.push(cid)
        }
        return { ok: true, lacks }
      } catch (error) {
        log('inbox.refused', { why: codeOf(error), from: delivery.from })
        return no('refused')
      }
    },

    async onBlock(delivery: Delivery, cid: Cid, bytes: Uint8Array): Promise<void> {
      const push = pushOf.get(delivery)
      if (push) pushes.moved(push)
      await blocks.put(cid, bytes)
    },

    /** @returns the receipt, once letter and blocks are on disk; the same one for a repeated delivery. */
    async onDelivered(delivery: Delivery): Promise<Uint8Array | null> {
      const { from, to, envelopes, slip, manifest } = delivery
      const hash = keyOf(delivery)
      const shortName = toHex(envelopeHash(first(delivery))).slice(0, 16)
      const known = users.read(to, db => db.letters.get(hash))
      if (known !== null) {
        log('inbox.repeated', { envelope: shortName })
        return known.receipt
      }
      const shown = standing(to)
      if (shown === null) return null
      const judged = judge(delivery)
      if (typeof judged === 'string') return null
      const contentId = manifest === null ? null : contentIdOf(manifest)
      if (judged.manifest !== null && manifest !== null && contentId !== null) {
        if (isPushed(judged.manifest))
          for (const cid of judged.manifest.chunks) if (!(await blocks.has(cid))) return null
        await blocks.put(contentId, manifest)
        await blocks.sync()
      }
      const proof = people.lastProof(from)
      if (proof === null) return null
      await people.learn(parseDocument(proof.document))
      // A stranger is counted from the first letter on, also while it cannot be opened.
      contacts.meet(to, from, undefined)
      const atMs = clock.nowMs()
      const receipt = signReceipt(
        {
          atMs,
          did: to,
          content: contentId,
          envelope: envelopeHash(first(delivery)),
          standing: parseStanding(shown).hash,
        },
        nodeKey,
      ).wire
      const stored = users.write(to, db => {
        db.letters.add({
          hash,
          sender: from,
          wire: encodeLetterWire(envelopes),
          contentId,
          slip,
          manifest,
          receipt,
          state: 'waiting',
          arrivedAtMs: atMs,
        })
        return db.letters.get(hash)
      })
      const push = pushOf.get(delivery)
      if (push) pushes.end(push)
      log('inbox.arrived', { envelope: shortName, from, content: contentId })
      letters.wake(to)
      return stored?.receipt ?? null
    },
  }
}

export type Arrival = ReturnType<typeof makeArrival>
