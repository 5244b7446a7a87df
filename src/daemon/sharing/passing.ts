/** Passing on what was received: narrowed, signed by who holds it, told to the owner, and ended with what it came from. */
import { type Chain, parseChainBytes } from '../../core/capability/chain.ts'
import { CHAIN_MAX_LINKS } from '../../core/capability/invocation.ts'
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import { parseManifest } from '../../core/crypto/manifest.ts'
import { didFromKey } from '../../core/identity/did.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime, NoticeId, type ShareId } from '../../core/model/id.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import { sealLetterToDevices } from '../../core/pipeline/letter.ts'
import { grantToDevices, signNotice } from '../../core/pipeline/notice.ts'
import { checkPass, narrowedRights, type PassTerms, parsePass, signPass } from '../../core/pipeline/pass.ts'
import type { JobStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { PassRow } from '../storage/user/pass-table.ts'
import { type ReceivedRow, senderOf } from '../storage/user/received-table.ts'
import type { Audiences } from './audiences.ts'
import type { SharingEvents } from './events.ts'
import type { Fetching } from './fetching.ts'
import type { Inbox } from './inbox.ts'
import type { KeyRing } from './keys.ts'
import type { OwnCard } from './own-card.ts'
import type { Passed } from './passed.ts'
import type { People } from './people.ts'

type Reshare = ParsedParams<'inbox.reshare'>
type Reshared = Result<'inbox.reshare'>

export interface PassingDeps {
  users: UserDatabaseManager
  jobs: JobStore
  people: People
  card: Pick<OwnCard, 'introduce'>
  audiences: Audiences
  fetching: Fetching
  inbox: Inbox
  passed: Passed
  keys: KeyRing
  events: SharingEvents
  wake: () => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makePassing(deps: PassingDeps) {
  const { users, jobs, people, card, audiences, fetching, inbox, passed } = deps
  const { keys, events, wake, clock, chance, log } = deps

  /** The chain by which this device may pass it on. @throws `share/denied`. */
  function rightOf(local: Did, row: ReceivedRow): Chain {
    const chain = row.delegation && parseChainBytes(row.delegation)
    if (chain === null || chain.holder !== didFromKey(keys.keys(local).device.publicKey))
      throw new VivimError('share/denied', 'no right to pass it on came with it for this device', {
        rule: 'delegation',
      })
    return chain
  }

  /** @throws `share/wider-terms`, `usage/invalid`. */
  function termsOf(row: ReceivedRow, { allow, expires }: Reshare, nowMs: number): PassTerms {
    const rights = row.permissions as PassTerms['allow']
    // Whoever gets it may pass it on further only where that is said.
    const given = allow ?? rights.filter(right => right !== 'reshare')
    const wider = given.filter(right => !rights.includes(right))
    if (wider.length > 0)
      throw new VivimError(
        'share/wider-terms',
        `you may not pass on what you do not hold: ${wider.join(', ')}`,
      )
    if (given.length === 0) throw new VivimError('usage/invalid', 'nothing would be allowed: give --allow')
    const untilMs = expires === undefined ? row.expiresMs : parseInstant(expires, nowMs)
    if (untilMs !== null && untilMs <= nowMs)
      throw new VivimError('usage/invalid', 'it would end before it begins')
    if (row.expiresMs !== null && (untilMs === null || untilMs > row.expiresMs))
      throw new VivimError('share/wider-terms', 'you may not pass it on for longer than you hold it', {
        expiresAt: isoTime(row.expiresMs),
      })
    return {
      share: row.shareId,
      version: row.version,
      content: row.contentId,
      allow: [...new Set(given)],
      untilMs,
    }
  }

  /** Sign and seal what goes to one person. @returns null while their keys are not known. @throws `keystore/locked`, `capability/*`. */
  async function make(local: Did, row: ReceivedRow, pass: PassRow): Promise<Uint8Array | null> {
    const own = keys.keys(local)
    const chain = rightOf(local, row)
    const { recipient: to, note } = pass
    const document = await people.met(local, to)
    const devices = document === null ? [] : activeDevices(document)
    const owner = await people.document(row.owner)
    if (devices.length === 0 || owner === null) return null
    const terms: PassTerms = {
      share: row.shareId,
      version: row.version,
      content: row.contentId,
      allow: pass.permissions,
      untilMs: pass.untilMs,
    }
    const wire = signPass(chain, terms, to, own.device, clock.nowMs(), chance)
    // By the same judgement as at the other end: what would be refused there is not sent.
    const signed = parsePass(wire)
    await checkPass(signed, owner, passed.portsOf(local), clock.nowMs())
    const grantFor = { owner: row.owner, share: row.shareId, version: row.version, content: row.contentId }
    const contentKey = fetching.contentKey(local, row)
    const notice = signNotice(
      {
        ...grantFor,
        id: NoticeId.parse(toBase32(chance.bytes(16))),
        doc: own.document.hash,
        atMs: clock.nowMs(),
        to: { did: to },
        allow: pass.permissions,
        fromMs: row.fromMs,
        untilMs: pass.untilMs,
        title: row.title,
        note,
        grant: grantToDevices(grantFor, to, contentKey, devices, chance),
        expMs: pass.untilMs,
      },
      own.device,
    ).wire
    const letter = {
      ...card.introduce(local),
      documents: [own.document.wire, owner.wire],
      notice,
      pass: wire,
      delegations: pass.permissions.includes('reshare')
        ? narrowedRights(chain, terms, to, devices, own.device, chance)
        : undefined,
    }
    const envelope = sealLetterToDevices(letter, local, to, devices, chance)
    const target = senderOf(row)
    users.write(local, db => {
      db.passes.made(pass, envelope)
      db.passes.report(
        {
          cid: signed.invocation.cid,
          shareId: row.shareId,
          passer: local,
          recipient: to,
          permissions: pass.permissions,
          untilMs: pass.untilMs,
          atMs: clock.nowMs(),
          wire,
          hand: local,
        },
        target,
      )
    })
    await addJob('report', local, row.shareId, target)
    return envelope
  }

  const addJob = (kind: 'pass' | 'report', owner: Did, share: ShareId, target: Did): Promise<void> =>
    jobs.add({ kind, owner, share, circle: null, target, notBeforeMs: clock.nowMs() })

  /** The people named, without those who have it. @throws `contact/not-found`, `contact/blocked`, `usage/invalid`. */
  function recipientsOf(local: Did, row: ReceivedRow, to: string[]): Did[] {
    const { contacts: people } = audiences.resolve(local, { to, circles: [] })
    for (const did of people)
      if (did === row.owner || did === row.via)
        throw new VivimError('usage/invalid', 'they have it already: it came from them')
    return people
  }

  async function reshare(local: Did, params: Reshare): Promise<Reshared> {
    keys.keys(local)
    const nowMs = clock.nowMs()
    const row = inbox.find(local, params.share)
    await inbox.checkUse(local, row, 'reshare')
    const right = rightOf(local, row)
    const terms = termsOf(row, params, nowMs)
    if (terms.allow.includes('reshare') && right.links.length >= CHAIN_MAX_LINKS)
      throw new VivimError('share/wider-terms', 'it went through too many hands to be passed on further')
    const recipients = recipientsOf(local, row, params.to)
    const termsText = JSON.stringify([
      params.allow === undefined ? null : [...terms.allow].sort(),
      params.expires ?? null,
    ])
    const note = params.note ?? null
    const rows: PassRow[] = recipients.map(recipient => ({
      owner: row.owner,
      shareId: row.shareId,
      recipient,
      contentId: row.contentId,
      shareKey: parseManifest(row.manifest ?? new Uint8Array(0)).shareKey,
      permissions: [...terms.allow],
      untilMs: terms.untilMs,
      note,
      termsText,
      state: 'pending',
      envelope: null,
      receipt: null,
    }))
    const added = users.write(local, db => {
      const fresh = rows.filter(pass => {
        const known = db.passes.get(pass.owner, pass.shareId, pass.recipient)
        if (known === null) return true
        if (known.termsText !== termsText || known.note !== note || known.state === 'ended')
          throw new VivimError('share/passed-on', 'it was passed on to them before, on other terms', {
            did: pass.recipient,
          })
        return false
      })
      for (const pass of fresh) db.passes.add(pass)
      return fresh
    })
    for (const pass of added) {
      await make(local, row, pass)
      await addJob('pass', local, row.shareId, pass.recipient)
      log('inbox.passed-on', { share: row.shareId, to: pass.recipient })
    }
    wake()
    return view(local, row, recipients, added.length > 0)
  }

  function view(local: Did, row: ReceivedRow, recipients: readonly Did[], changed: boolean): Reshared {
    const passes = recipients.flatMap(
      did => users.read(local, db => db.passes.get(row.owner, row.shareId, did)) ?? [],
    )
    const [first] = passes
    if (first === undefined) throw new VivimError('program/defect', 'nothing was passed on')
    return {
      shareId: row.shareId,
      contentId: row.contentId,
      owner: { did: row.owner, name: audiences.nameOf(local, row.owner) },
      recipients: passes.map(({ recipient, state }) => ({
        did: recipient,
        name: audiences.nameOf(local, recipient),
        state,
      })),
      permissions: first.permissions,
      expiresAt: first.untilMs === null ? null : isoTime(first.untilMs),
      changed,
    }
  }

  return {
    make,

    async reshare(local: Did, params: Reshare, signal: AbortSignal): Promise<Reshared> {
      const made = await reshare(local, params)
      if (params.wait === 'queued') return made
      const row = inbox.find(local, made.shareId)
      const look = (): Reshared =>
        view(
          local,
          row,
          made.recipients.map(({ did }) => did),
          made.changed,
        )
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(params.waitMs)])
      const isFar = async (): Promise<Reshared | null> => {
        const now = look()
        return now.recipients.every(({ state }) => state !== 'pending' && state !== 'queued') ? now : null
      }
      return (await events.until(isFar, bounded)) ?? look()
    },
  }
}

export type Passing = ReturnType<typeof makePassing>
