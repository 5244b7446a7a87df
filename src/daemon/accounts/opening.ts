/** Opening a session: proof of the passphrase, or a challenge that a device of the user signed. Whoever fails learns nothing by it,
 *  not even whether such a user lives here. */
import { encodeCbor } from '../../core/crypto/cbor.ts'
import { ed25519Verify } from '../../core/crypto/ed25519.ts'
import { bound, LABELS } from '../../core/crypto/labels.ts'
import { decoyFile } from '../../core/crypto/password.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { openKeystore, wipeKeystore } from '../../core/identity/keystore.ts'
import { fromB64u, sameBytes, toB64u, utf8 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { hasCode, VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { parseDuration } from '../../core/model/time-text.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { LocalUsers } from '../local-users.ts'
import type { Caller } from '../rpc/caller.ts'
import type { Sessions } from './sessions.ts'
import { makeTries } from './tries.ts'

const DEFAULT_LIFE = '12h'
const MAX_LIFE_MS = 30 * 86_400_000
const NONCE_BYTES = 32
const NONCE_LIFE_MS = 60_000
/** Proofs that wait for their turn at once: each costs 128 MiB and half a second. */
const MAX_WAITING = 16
/** Wrong proofs of one connection, however many names it gives. */
const MAX_WRONG_OF_CONNECTION = 10

export interface OpenRequest {
  as?: string | undefined
  passphrase?: string | undefined
  signed?: { device: string; signature: string } | undefined
  for?: string | undefined
  previous?: string | undefined
  unlock: boolean
}

export interface OpeningDeps {
  locals: LocalUsers
  sessions: Sessions
  /** The user of that name or DID. */
  byName(name: string): Did | null
  nameOf(did: Did): string
  peerId: string
  /** For the user's audit log. */
  opened: (did: Did, session: string, proof: 'passphrase' | 'device' | 'socket') => void
  refused: (did: Did) => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Two counts of wrong tries: by what was said, whose pause is told, and by who is meant, in whatever words. The second one is not
 *  told: else two words for one person would be known as such. While it lasts, a proof fails like any wrong one. */
interface Door {
  readonly said: string
  readonly meant: string | null
}

/** What a device signs to open a session: docs/protocol.md section 12. */
export const challengeMessage = (did: string, peer: string, nonce: Uint8Array): Uint8Array =>
  bound(LABELS.session, encodeCbor({ did, peer, nonce }))

export function makeOpening(deps: OpeningDeps) {
  const { locals, sessions, byName, nameOf, peerId, clock, chance, log } = deps
  const tries = makeTries(clock)
  const nonces = new Map<number, { nonce: Uint8Array; untilMs: number }>()
  const wrong = new Map<number, number>()
  const decoy = decoyFile(chance)
  let waiting = 0
  let turn: Promise<unknown> = Promise.resolve()

  const refused = (): VivimError =>
    new VivimError('session/refused', 'no session was opened: the name or the proof is wrong')

  /** One proof after the other, so that many at once cannot fill the memory. @throws `session/wait` when too many wait. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting >= MAX_WAITING)
      throw new VivimError('session/wait', 'too many sessions are being opened', { waitMs: 1000 })
    waiting += 1
    const next = turn.then(work).finally(() => {
      waiting -= 1
    })
    turn = next.catch(() => undefined)
    return next
  }

  /** Costs one scrypt, whoever is meant. */
  async function provesPassphrase(session: KeystoreSession | null, text: string): Promise<boolean> {
    const passphrase = new SecretBytes(utf8(text))
    try {
      // Without a passphrase there is nothing that could be proved: that door is open on the owner's socket only.
      const file = session?.needsPassphrase ? session.file() : decoy
      return await inTurn(async () => {
        wipeKeystore(await openKeystore(file, passphrase))
        return true
      })
    } catch (error) {
      if (hasCode(error, 'keystore/wrong-passphrase')) return false
      throw error
    } finally {
      passphrase.wipe()
    }
  }

  function provesDevice(
    connection: number,
    session: KeystoreSession | null,
    signed: { device: string; signature: string },
  ): boolean {
    const asked = nonces.get(connection)
    nonces.delete(connection)
    if (asked === undefined || asked.untilMs <= clock.nowMs()) return false
    let device: Uint8Array
    let signature: Uint8Array
    try {
      device = fromB64u(signed.device)
      signature = fromB64u(signed.signature)
    } catch {
      return false
    }
    const did = session?.did ?? ''
    const holds =
      device.length === 32 &&
      signature.length === 64 &&
      ed25519Verify(device, challengeMessage(did, peerId, asked.nonce), signature)
    return (
      holds && session !== null && activeDevices(session.document).some(({ ed }) => sameBytes(ed, device))
    )
  }

  /** Where a try is counted: a client that was here before has a door of its own, and so has each socket, so that strangers at one
   *  door shut none of the others. */
  async function doorOf(caller: Caller, name: string, previous: string | undefined): Promise<Door> {
    const known = previous === undefined ? null : await sessions.remembered(previous)
    const did = byName(name)
    if (known !== null && did === known.did) return { said: `known ${known.id}`, meant: null }
    return { said: `${caller.door} ${name}`, meant: did === null ? null : `${caller.door} person ${did}` }
  }

  function lifeOf(text: string | undefined): number {
    const ms = parseDuration(text ?? DEFAULT_LIFE)
    if (ms <= 0 || ms > MAX_LIFE_MS)
      throw new VivimError('usage/invalid', 'a session lasts at least a moment and at most 30 days')
    return ms
  }

  function checkConnection(caller: Caller): void {
    if ((wrong.get(caller.connection) ?? 0) >= MAX_WRONG_OF_CONNECTION)
      throw new VivimError('session/wait', 'too many wrong tries on this connection', { waitMs: 30_000 })
  }

  function failed(caller: Caller, name: string): VivimError {
    if (!wrong.has(caller.connection)) caller.onEnd(() => wrong.delete(caller.connection))
    wrong.set(caller.connection, (wrong.get(caller.connection) ?? 0) + 1)
    const did = byName(name)
    log('session.refused', { connection: caller.connection, did })
    if (did !== null) deps.refused(did)
    return refused()
  }

  return {
    challenge(caller: Caller): { nonce: string; peerId: string; untilMs: number } {
      const nonce = chance.bytes(NONCE_BYTES)
      const untilMs = clock.nowMs() + NONCE_LIFE_MS
      if (!nonces.has(caller.connection)) caller.onEnd(() => nonces.delete(caller.connection))
      nonces.set(caller.connection, { nonce, untilMs })
      return { nonce: toB64u(nonce), peerId, untilMs }
    },

    /** @throws `session/refused`, `session/wait`, `usage/input-needed`, `usage/invalid`. */
    async open(caller: Caller, request: OpenRequest) {
      const lifeMs = lifeOf(request.for)
      const everybody = locals.list()
      // Alone at home there is no question who is meant; elsewhere nobody is told whether somebody is alone.
      const only = caller.door === 'owner' && everybody.length === 1 ? everybody[0] : undefined
      const name = request.as ?? caller.user ?? only
      if (name === undefined)
        throw new VivimError('usage/input-needed', 'say whose session: --as NAME', { flag: '--as' })
      checkConnection(caller)
      const did = byName(name)
      const session = did && locals.find(did)
      const door = await doorOf(caller, name, request.previous)
      const isOpen =
        caller.door === 'owner' &&
        session !== null &&
        !session.needsPassphrase &&
        request.signed === undefined
      if (!isOpen) {
        if (request.signed !== undefined) {
          if (!provesDevice(caller.connection, session, request.signed)) throw failed(caller, name)
        } else {
          if (request.passphrase === undefined)
            throw new VivimError('usage/input-needed', 'the passphrase is needed', {
              flag: '--passphrase-file',
            })
          const waitMs = tries.pauseMs(door.said)
          if (waitMs > 0)
            throw new VivimError(
              'session/wait',
              `too many wrong tries: again in ${Math.ceil(waitMs / 1000)} s`,
              { waitMs },
            )
          const isShut = door.meant !== null && tries.pauseMs(door.meant) > 0
          if (!(await provesPassphrase(isShut ? null : session, request.passphrase))) {
            tries.wrong(door.said)
            if (door.meant !== null && !isShut) tries.wrong(door.meant)
            throw failed(caller, name)
          }
          tries.right(door.said)
          if (door.meant !== null) tries.right(door.meant)
        }
      }
      // Nobody comes here who did not prove themselves: a user who left meanwhile is as unknown as any other.
      if (did === null || locals.find(did) === null || session === null) throw refused()
      if (request.unlock) {
        if (request.signed !== undefined)
          throw new VivimError('usage/invalid', 'a signature cannot unlock: that takes the passphrase')
        const passphrase = request.passphrase === undefined ? null : new SecretBytes(utf8(request.passphrase))
        try {
          await session.unlock(passphrase, lifeMs)
        } finally {
          passphrase?.wipe()
        }
      }
      const opened = await sessions.open(did, lifeMs)
      log('session.opened', { did, session: opened.sessionId, door: caller.door })
      const proof = isOpen ? 'socket' : request.signed === undefined ? 'passphrase' : 'device'
      deps.opened(did, opened.sessionId, proof)
      return { ...opened, did, name: nameOf(did), unlocked: session.unlocked }
    },
  }
}

export type Opening = ReturnType<typeof makeOpening>
