/** Routing: turns a sealed share into what each recipient gets, signed and sealed once. */

import { parseChainBytes } from '../../core/capability/chain.ts'
import { signRevocation } from '../../core/capability/revocation.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { toBase32, toHex } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { type CircleId, type Did, NoticeId } from '../../core/model/id.ts'
import { envelopeHash, sealLetterToDevices, sealLetterUnderEpoch } from '../../core/pipeline/letter.ts'
import {
  type GrantFor,
  grantToDevices,
  grantUnderEpoch,
  type Notice,
  signNotice,
} from '../../core/pipeline/notice.ts'
import { handAfter, rightsOf } from '../../core/pipeline/pass.ts'
import type { EnvelopeRow, RecipientRow } from '../../core/pipeline/ports.ts'
import type { PassRightRow } from '../storage/user/pass-table.ts'
import { type CircleRefs, keyMark } from './circle-logs.ts'
import type { Circles } from './circles.ts'
import type { KeyRing } from './keys.ts'
import type { OwnCard } from './own-card.ts'
import type { People } from './people.ts'

/** What all notices of one share say alike. */
export interface NoticeFacts extends GrantFor {
  allow: Notice['allow']
  fromMs: number | null
  untilMs: number | null
  title: string | null
  note: string | null
  /** The own grant for the recovery key alone. */
  own: Uint8Array
}

/** Recipients with the envelopes made for them. */
export interface Routed {
  recipients: RecipientRow[]
  envelopes: EnvelopeRow[]
}

export interface EnvelopesDeps {
  people: People
  circles: Circles
  refs: CircleRefs
  keys: KeyRing
  /** What every letter begins with. */
  introduce: OwnCard['introduce']
  /** Whether somebody's right to pass a share on was taken back: they get no other. */
  isEnded: (owner: Did, share: NoticeFacts['share'], holder: Did) => boolean
  /** Rights to pass on were given: kept, so that each can be taken back. */
  gave: (owner: Did, rights: readonly PassRightRow[]) => void
  clock: Clock
  chance: Chance
}

export function makeEnvelopes(deps: EnvelopesDeps) {
  const { people, circles, refs, keys, introduce, gave, isEnded, clock, chance } = deps

  const row = (share: NoticeFacts['share'], wire: Uint8Array): EnvelopeRow => ({
    hash: toHex(envelopeHash(wire)),
    shareId: share,
    wire,
  })

  const recipient = (
    facts: NoticeFacts,
    did: Did,
    circle: CircleId | null,
    envelopes: string[],
  ): RecipientRow => ({
    shareId: facts.share,
    did,
    circle,
    state: envelopes.length > 0 ? 'queued' : 'pending',
    envelopes,
    receipt: null,
    acknowledgedAtMs: null,
  })

  function notice(facts: NoticeFacts, to: Notice['to'], grant: Uint8Array): Uint8Array {
    const own = keys.keys(facts.owner)
    return signNotice(
      {
        ...facts,
        id: NoticeId.parse(toBase32(chance.bytes(16))),
        doc: own.document.hash,
        atMs: clock.nowMs(),
        to,
        grant,
        expMs: facts.untilMs,
      },
      own.device,
    ).wire
  }

  /** Who may pass it on gets a right for each of their devices. @throws `share/too-many-devices`. */
  function rights(facts: NoticeFacts, to: Parameters<typeof rightsOf>[1]): Uint8Array[] | undefined {
    if (!facts.allow.includes('reshare')) return undefined
    const own = keys.keys(facts.owner)
    const holders = to.filter(({ did }) => !isEnded(facts.owner, facts.share, did))
    const wires = rightsOf(facts, holders, own, chance)
    gave(
      facts.owner,
      wires.map(wire => {
        const chain = parseChainBytes(wire)
        const link = chain.root.cid
        const { bytes: revocation } = signRevocation(link, own.device, chance)
        return { link, shareId: facts.share, holder: handAfter(chain, 0), revocation }
      }),
    )
    return wires
  }

  return {
    /** A recipient whose grant waits: for their keys, for the time, or for an unlocked keystore. */
    pending: (facts: NoticeFacts, did: Did, circle: CircleId | null): RecipientRow =>
      recipient(facts, did, circle, []),

    /** For one person: a grant for each of their devices. @returns null while their keys are not known. */
    async toPerson(facts: NoticeFacts, did: Did, contentKey: SecretBytes): Promise<Routed | null> {
      const document = await people.met(facts.owner, did)
      if (document === null) return null
      const devices = activeDevices(document)
      if (devices.length === 0) return null
      const letter = {
        ...introduce(facts.owner),
        documents: [keys.keys(facts.owner).document.wire],
        notice: notice(facts, { did }, grantToDevices(facts, did, contentKey, devices, chance)),
        delegations: rights(facts, [{ did, devices }]),
      }
      const envelope = row(facts.share, sealLetterToDevices(letter, facts.owner, did, devices, chance))
      return { recipients: [recipient(facts, did, null, [envelope.hash])], envelopes: [envelope] }
    },

    /** For a circle: one grant under its epoch, and for members whose nodes lack the key the bundle that brings it.
     *  @param except - people who get it otherwise. @throws `circle/no-epoch`, `circle/upgrade`, `share/too-many-devices`. */
    async toCircle(
      facts: NoticeFacts,
      circle: CircleId,
      contentKey: SecretBytes,
      except: ReadonlySet<Did>,
    ): Promise<Routed> {
      const epoch = await circles.sealing(facts.owner, circle)
      const grant = grantUnderEpoch(facts, epoch.ref, contentKey, epoch.secret, chance)
      const letter = {
        notice: notice(facts, epoch.ref, grant),
        delegations: rights(
          facts,
          epoch.state.members.filter(({ did }) => did !== facts.owner && !except.has(did)),
        ),
      }
      const main = row(facts.share, sealLetterUnderEpoch(letter, epoch.ref, epoch.secret, chance))
      const routed: Routed = { recipients: [], envelopes: [main] }
      for (const member of epoch.state.members) {
        if (member.did === facts.owner || except.has(member.did)) continue
        const hashes = [main.hash]
        if (refs.knownEpoch(facts.owner, circle, member.did) !== keyMark(epoch.epochId, member.devices)) {
          const bundle = circles.bundle(facts.owner, circle, member, epoch)
          const extra = row(
            facts.share,
            sealLetterToDevices(bundle, facts.owner, member.did, member.devices, chance),
          )
          routed.envelopes.push(extra)
          hashes.push(extra.hash)
        }
        routed.recipients.push(recipient(facts, member.did, circle, hashes))
      }
      return routed
    },
  }
}

export type Envelopes = ReturnType<typeof makeEnvelopes>
