/** A person's devices as they manage them: listed, taken in, taken out. The document that says so is in force on this node first; from there
 *  circles, contacts, the directory and the other devices learn it. */
import type { Result } from '../../core/contract/methods.ts'
import { type SecretBytes, sameSecret } from '../../core/crypto/secret.ts'
import { signApproval } from '../../core/identity/approval.ts'
import {
  activeDevices,
  deviceOf,
  type IdentityDocument,
  MAX_DEVICES,
  MAX_REVOKED,
} from '../../core/identity/document.ts'
import { PAIRING_LIFE_MS, parsePairingCode, sealGrant } from '../../core/identity/pairing.ts'
import { parseStanding } from '../../core/identity/standing.ts'
import { sameBytes, toB64u } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { remember } from '../../core/kernel/remember.ts'
import { type CircleId, type Did, isoTime } from '../../core/model/id.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { allRecords, readRecord, writeRecord } from './device-records.ts'
import {
  type DocumentChange,
  openRecoverySource,
  type RecoverySource,
  type Signer,
  signNext,
} from './next-document.ts'
import type { PairingRequest, Requests } from './requests.ts'

/** A code that was just approved is answered as done when it is typed again. */
const MAX_RECENT = 64

export interface DevicesDeps {
  users: UserDatabaseManager
  sessionOf: (did: Did) => KeystoreSession
  requests: Requests
  peerId: string
  /** Nodes that proved the DID, with their statements and when they were last seen. */
  nodesOf: (did: Did) => Promise<{ peer: string; standing: Uint8Array | null; lastSeenMs: number }[]>
  /** The number of the epoch that counts, of every circle. */
  epochNumbers: (local: Did) => Record<CircleId, number>
  /** The own document changed here: bring it to everybody whom it concerns. */
  announce: (local: Did, document: IdentityDocument, change: 'added' | 'revoked') => Promise<void>
  /** Draw another card, and bring it to contacts and the devices that are left. */
  renewCard: (local: Did) => Promise<number>
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

interface Known {
  id: string
  ed: Uint8Array
  addedAtMs: number | null
  revokedAtMs: number | null
}

export function makeDevices(deps: DevicesDeps) {
  const {
    users,
    sessionOf,
    requests,
    peerId,
    nodesOf,
    epochNumbers,
    announce,
    renewCard,
    clock,
    chance,
    log,
  } = deps
  const recent = new Map<string, { ed: Uint8Array; atMs: number }>()
  /** One change of a person's document at a time. */
  const turns = new Map<Did, Promise<unknown>>()

  function alone<T>(local: Did, work: () => Promise<T>): Promise<T> {
    const task = (turns.get(local) ?? Promise.resolve()).catch(() => undefined).then(work)
    turns.set(local, task)
    return task
  }

  /** Listed ones in their order, then those that are revoked and listed no more. */
  function known(document: IdentityDocument): Known[] {
    const listed = document.devices.map(({ ed, at }) => ({
      id: toB64u(ed),
      ed,
      addedAtMs: at,
      revokedAtMs: document.revoked.find(gone => sameBytes(gone.ed, ed))?.at ?? null,
    }))
    const gone = document.revoked
      .filter(({ ed }) => !document.devices.some(device => sameBytes(device.ed, ed)))
      .map(({ ed, at }) => ({ id: toB64u(ed), ed, addedAtMs: null, revokedAtMs: at }))
    return [...listed, ...gone]
  }

  /** @throws `device/not-found`, `id/ambiguous`. */
  function find(local: Did, selector: string): Known {
    const all = known(sessionOf(local).document)
    const named = all.filter(({ ed }) => users.read(local, db => readRecord(db, ed)).name === selector)
    const found = named.length > 0 ? named : all.filter(({ id }) => id.startsWith(selector))
    const [only] = found
    if (found.length > 1)
      throw new VivimError('id/ambiguous', `more than one device is called, or begins with, “${selector}”`)
    if (only === undefined)
      throw new VivimError('device/not-found', `no device is called, or begins with, “${selector}”`)
    return only
  }

  /** Sign the next document and make it the one in force here, with what `before` must keep first. */
  async function change(
    local: Did,
    next: DocumentChange,
    recovery: RecoverySource | undefined,
    before: (document: IdentityDocument) => void,
  ): Promise<IdentityDocument> {
    const session = sessionOf(local)
    const own = session.keys()
    const given: Signer | null = recovery === undefined ? null : await openRecoverySource(local, recovery)
    const seed: SecretBytes | null = given?.seed ?? null
    try {
      const document = signNext(
        session.document,
        next,
        { identityKey: own.identityKey ?? given?.identityKey ?? null, seed },
        clock.nowMs(),
      )
      before(document)
      session.setDocument(document)
      return document
    } finally {
      seed?.wipe()
    }
  }

  async function approve(
    local: Did,
    params: { code: string; history: boolean; recovery?: RecoverySource | undefined },
  ): Promise<Result<'device.approve'>> {
    const session = sessionOf(local)
    const own = session.keys()
    const code = parsePairingCode(params.code)
    const done = code === null ? undefined : recent.get(`${local} ${code}`)
    if (done !== undefined && clock.nowMs() - done.atMs < PAIRING_LIFE_MS)
      return { ...shown(local, done.ed), did: local, changed: false }
    if (code === null) throw new VivimError('usage/invalid', 'a code has eight digits')
    const found = requests.guess(local, code)
    if ('left' in found)
      throw new VivimError(
        'device/wrong-code',
        found.left === 0
          ? 'no request has that code, and all that waited were ended'
          : 'no request has that code',
        { left: found.left },
      )
    const { document: before } = session
    if (activeDevices(before).length >= MAX_DEVICES || before.devices.length >= MAX_DEVICES)
      throw new VivimError('device/too-many', `an identity has at most ${MAX_DEVICES} devices`)
    const atMs = clock.nowMs()
    const document = await change(
      local,
      {
        devices: [...before.devices, { ed: found.ed, kem: found.kem, at: atMs }],
        revoked: before.revoked,
        peers: [...new Set([...before.peers, peerId, found.peer])],
      },
      params.recovery,
      next => {
        // What is handed over is kept before the document is in force: a kill between the two leaves a device that can still collect it,
        // with the document that lists it.
        requests.keep(
          found,
          sealGrant(
            {
              document: next.wire,
              directory: session.directorySeed(),
              read: own.read,
              recovery: own.recovery,
            },
            found.kem,
            found.transcript,
            chance,
          ),
        )
        keepTerms(local, found, params.history, atMs)
      },
    )
    requests.close(found)
    remember(recent, `${local} ${code}`, { ed: found.ed, atMs }, MAX_RECENT)
    log('device.approved', { did: local, peer: found.peer, seq: document.seq, history: params.history })
    await announce(local, document, 'added')
    return { ...shown(local, found.ed), did: local, changed: true }
  }

  function keepTerms(local: Did, { ed, peer }: PairingRequest, history: boolean, atMs: number): void {
    const record = users.read(local, db => readRecord(db, ed))
    const terms = { did: local, device: ed, atMs, peer, history, epochs: epochNumbers(local) }
    writeRecord(users, local, ed, {
      ...record,
      approval: signApproval(terms, sessionOf(local).keys().device),
    })
  }

  const shown = (local: Did, ed: Uint8Array) => ({
    device: toB64u(ed),
    name: users.read(local, db => readRecord(db, ed)).name,
  })

  async function revoke(
    local: Did,
    params: { device: string; renewCard: boolean; recovery?: RecoverySource | undefined },
  ): Promise<Result<'device.revoke'>> {
    const session = sessionOf(local)
    const device = find(local, params.device)
    const { document: before } = session
    if (device.revokedAtMs !== null) return { ...shown(local, device.ed), did: local, changed: false }
    const own = session.keys().device.publicKey
    if (sameBytes(own, device.ed))
      throw new VivimError('device/current', 'this is the device that you are working on')
    const peer = await peerOf(local, device.ed)
    const atMs = clock.nowMs()
    const document = await change(
      local,
      {
        devices: before.devices.filter(({ ed }) => !sameBytes(ed, device.ed)),
        revoked: [...before.revoked, { ed: device.ed, at: atMs }].slice(-MAX_REVOKED),
        peers: before.peers.filter(one => one !== peer),
      },
      params.recovery,
      () => {},
    )
    log('device.revoked', { did: local, device: device.id, seq: document.seq })
    await announce(local, document, 'revoked')
    if (params.renewCard) await renewCard(local)
    return { ...shown(local, device.ed), did: local, changed: true }
  }

  /** The node of a device: by its statement, else by how it was taken in. */
  async function peerOf(local: Did, ed: Uint8Array): Promise<string | null> {
    return (
      (await nodes(local)).find(node => sameBytes(node.ed, ed))?.peer ??
      users.read(local, db => readRecord(db, ed)).approval?.peer ??
      null
    )
  }

  async function nodes(local: Did): Promise<{ ed: Uint8Array; peer: string; lastSeenMs: number }[]> {
    return (await nodesOf(local)).flatMap(({ peer, standing, lastSeenMs }) =>
      standing === null ? [] : [{ ed: parseStanding(standing).by, peer, lastSeenMs }],
    )
  }

  return {
    approve: (local: Did, params: Parameters<typeof approve>[1]) =>
      alone(local, () => approve(local, params)),
    revoke: (local: Did, params: Parameters<typeof revoke>[1]) => alone(local, () => revoke(local, params)),

    async list(local: Did): Promise<Result<'device.list'>> {
      const session = sessionOf(local)
      const { document, deviceKey } = session
      const met = await nodes(local)
      const records = new Map(
        users.read(local, allRecords).map(({ ed, record }) => [toB64u(ed), record] as const),
      )
      return {
        devices: known(document).map(({ id, ed, addedAtMs, revokedAtMs }) => {
          const current = deviceKey !== null && sameSecret(deviceKey, ed)
          const node = met.find(one => sameBytes(one.ed, ed))
          const record = records.get(id)
          return {
            device: id,
            name: record?.name ?? null,
            current,
            addedAt: addedAtMs === null ? null : isoTime(addedAtMs),
            revoked: deviceOf(document, ed) === null,
            revokedAt: revokedAtMs === null ? null : isoTime(revokedAtMs),
            peer: current ? peerId : (node?.peer ?? record?.approval?.peer ?? null),
            lastSeen: current ? isoTime(clock.nowMs()) : node ? isoTime(node.lastSeenMs) : null,
          }
        }),
        pending: requests.waiting(local).map(({ id, peer, atMs, expiresAtMs }) => ({
          request: id,
          peer,
          requestedAt: isoTime(atMs),
          expiresAt: isoTime(expiresAtMs),
        })),
      }
    },
  }
}

export type Devices = ReturnType<typeof makeDevices>
