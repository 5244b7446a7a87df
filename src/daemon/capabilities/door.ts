/** The daemon's door for capabilities: who comes in with a chain, and whether each call is covered by it. */
import {
  authorise,
  type CapabilityPorts,
  checkChainTime,
  checkRevocations,
  checkRoot,
  NO_USES,
} from '../../core/capability/authorise.ts'
import { checkCall } from '../../core/capability/call.ts'
import { type Chain, parseChain } from '../../core/capability/chain.ts'
import type { Meta } from '../../core/capability/delegation.ts'
import { parseInvocation } from '../../core/capability/invocation.ts'
import type { Method } from '../../core/contract/method.ts'
import { type MethodName, methods } from '../../core/contract/methods.ts'
import type { CborValue } from '../../core/crypto/cbor.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import { fromB64u } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { Door, Session, Via } from '../rpc/caller.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'

const DAY_MS = 86_400_000
/** Methods whose params name with whom something is shared, in `to` and `circles`. */
export const NAMING = [
  'share.preview',
  'share.create',
  'share.propose',
] as const satisfies readonly MethodName[]

/** Whom a call would share with, by id. */
export interface CallPeople {
  circles: readonly CircleId[]
  contacts: readonly Did[]
}

export interface CapabilityDoorDeps {
  users: UserDatabaseManager
  localUsers(): readonly Did[]
  /** The own identity document in force; readable while locked. */
  documentOf(did: Did): IdentityDocument
  /** `did:key` of this node's own device of a user; readable while locked, null before the first unlock. */
  deviceOf(did: Did): Did | null
  nameOf(did: Did): string
  /** People and circles by what the user calls them. @throws for names that nobody has. */
  resolve(did: Did, named: { to: string[]; circles: string[] }): CallPeople
  clock: Clock
}

type CapabilityVia = Extract<Via, { kind: 'capability' }>

export interface CapabilityDoor {
  /** Come in with a chain in text, through this socket. @throws `capability/*`, `crypto/*`; `user/not-found` for another user than `as`. */
  enter(chain: string, as: string | undefined, socket: Door): Promise<Session>
  /** Whether the right counts still, for the answer of a call that took its time. @throws `capability/expired`,
   *  `capability/revoked`. */
  stillHolds(did: Did, via: CapabilityVia): Promise<void>
  /** One call. @param sent - its params as they stood in the frame. @param parsed - by the method's schema.
   *  @param invocation - base64url. @throws `capability/*`, `crypto/*`. */
  pass(
    session: { did: Did; via: CapabilityVia },
    call: { method: MethodName; sent: unknown; parsed: unknown; invocation: string | undefined },
  ): Promise<void>
}

const isFree = (method: MethodName): boolean => (methods[method] as Method).isFree === true

const denied = (why: string, message: string): VivimError =>
  new VivimError('capability/denied', message, { why })

export function makeCapabilityDoor(deps: CapabilityDoorDeps): CapabilityDoor {
  const { users, clock } = deps

  const portsOf = (did: Did): CapabilityPorts => ({
    revokersOf: async link => users.read(did, db => db.capabilities.revokersOf(link)),
    takeNonce: async (use, untilMs) =>
      users.write(did, db => db.capabilities.takeNonce(use, untilMs, clock.nowMs())),
    charge: async (links, nowMs, judge) => {
      const day = Math.floor(nowMs / DAY_MS)
      users.write(did, db => {
        judge(link => {
          const row = db.capabilities.usesOf(link, day)
          return row === null ? NO_USES : { day: row.dayUses, all: row.allUses }
        })
        for (const { cid, expiresAtMs } of links) db.capabilities.count(cid, day, nowMs, expiresAtMs)
      })
    },
  })

  /** What a policy may ask of a call, beside its use. People who cannot be found are not there, so that a right that is bound to
   *  some says the same of all others. What only asks after an earlier call reaches nobody, and says so. */
  function argsOf(did: Did, method: MethodName, command: string, parsed: unknown): Meta {
    if (isFree(method)) return { method, command, circles: [], contacts: [] }
    if (!NAMING.some(naming => naming === method)) return { method, command }
    try {
      const { circles, contacts } = deps.resolve(did, parsed as { to: string[]; circles: string[] })
      return { method, command, circles, contacts }
    } catch (error) {
      if (codeOf(error) === 'program/defect') throw error
      return { method, command }
    }
  }

  /** Uses are counted here: what another device of the same person gave, such as before its database was copied to this one, is
   *  used there. @throws `capability/denied`. */
  function checkHere(did: Did, { subject }: Chain): Did {
    if (deps.deviceOf(did) !== subject)
      throw denied('foreign-root', 'this capability was not given on this node')
    return subject
  }

  return {
    async enter(text, as, socket) {
      if (socket === 'monitor') throw denied('monitor', 'no capability is taken on the monitoring socket')
      const chain = parseChain(text)
      // Only what stands in somebody's list was given here. One list is asked: chains cost nothing to make, and databases do to open.
      const did = deps.localUsers().find(one => one === chain.root.meta.did)
      const row = did === undefined ? null : users.read(did, db => db.capabilities.get(chain.root.cid))
      if (did === undefined || row === null)
        throw denied('foreign-root', 'this capability was not given on this node')
      const name = deps.nameOf(did)
      if (as !== undefined && as !== name && as !== did)
        throw new VivimError('user/not-found', 'the capability is of another user')
      checkHere(did, chain)
      checkRoot(chain, deps.documentOf(did), clock.nowMs())
      checkChainTime(chain, clock.nowMs())
      await checkRevocations(chain, portsOf(did))
      return {
        user: did,
        name,
        operator: false,
        readOnly: false,
        via: { kind: 'capability', id: chain.root.cid, name: row.name, chain },
        over: null,
        // Each call is judged by `pass`, which says what has ended.
        use: () => true,
      }
    },

    async stillHolds(did, { chain }) {
      checkChainTime(chain, clock.nowMs())
      await checkRevocations(chain, portsOf(did))
    },

    async pass({ did, via }, { method, sent, parsed, invocation: text }) {
      const { access, command }: Method = methods[method]
      if (access === 'open') return
      if (command === undefined) throw denied('command', `no capability covers ${method}`)
      if (text === undefined) throw denied('unsigned', 'a call by capability carries a signed invocation')
      const invocation = parseInvocation(fromB64u(text))
      checkCall(invocation, method, sent as CborValue | undefined)
      await authorise(
        {
          invocation,
          chain: via.chain,
          executor: checkHere(did, via.chain),
          document: deps.documentOf(did),
          command,
          args: argsOf(did, method, command, parsed),
          nowMs: clock.nowMs(),
          isFree: isFree(method),
        },
        portsOf(did),
      )
    },
  }
}
