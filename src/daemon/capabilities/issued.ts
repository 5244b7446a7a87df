/** Capabilities that were given here: made, listed with their uses, taken back. */
import { chainBytes, chainText, issueChain, parseChainBytes } from '../../core/capability/chain.ts'
import { covers } from '../../core/capability/command.ts'
import { parseRevocation, signRevocation } from '../../core/capability/revocation.ts'
import { commandOfWord, policyOf, rightsOf, wordOfCommand } from '../../core/capability/rights.ts'
import type { Method } from '../../core/contract/method.ts'
import { methods, type ParsedParams, type Result } from '../../core/contract/methods.ts'
import { StandingRight } from '../../core/identity/standing.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { Audiences } from '../sharing/audiences.ts'
import type { CapabilityRow } from '../storage/user/capability-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { NAMING } from './door.ts'

type Create = ParsedParams<'capability.create'>
type View = Result<'capability.show'>

/** Capabilities that a user may have given, with those that ended. */
const MAX_CAPABILITIES = 1_000
const DAY_MS = 86_400_000
/** The id and name under which the node's own right stands. */
const NODE = 'node'

const COMMANDS: readonly string[] = Object.values(methods).flatMap((method: Method) => method.command ?? [])

/** A bound on people denies whatever names none, so that such a right would be one to nothing. @throws `usage/invalid`. */
function refusePeopleless(commands: readonly string[]): void {
  for (const command of commands)
    if (!NAMING.some(method => covers(command, methods[method].command)))
      throw new VivimError(
        'usage/invalid',
        `${wordOfCommand(command)} is done with nobody: give it in a capability without --circle and --to`,
      )
}

export interface IssuedDeps {
  users: UserDatabaseManager
  audiences: Audiences
  sessionOf(did: Did): KeystoreSession
  clock: Clock
  chance: Chance
}

export function makeIssued({ users, audiences, sessionOf, clock, chance }: IssuedDeps) {
  function viewOf(local: Did, row: CapabilityRow): View {
    const nowMs = clock.nowMs()
    const { root } = parseChainBytes(row.chain)
    const { commands, people, perDay, uses } = rightsOf(root)
    const { row: used, revokers } = users.read(local, db => ({
      row: db.capabilities.usesOf(root.cid, Math.floor(nowMs / DAY_MS)),
      revokers: db.capabilities.revokersOf(root.cid),
    }))
    const today = used?.dayUses ?? 0
    const all = used?.allUses ?? 0
    const isOver = root.expiresAtMs !== null && nowMs >= root.expiresAtMs
    return {
      capabilityId: row.cid,
      kind: 'token',
      for: row.name,
      can: commands.map(wordOfCommand),
      audience:
        people &&
        audiences.view(local, { circles: [...people.circles], contacts: [...people.contacts], wished: [] }),
      perDay,
      uses,
      used: { today, all },
      state: revokers.includes(root.iss)
        ? 'revoked'
        : isOver
          ? 'expired'
          : uses !== null && all >= uses
            ? 'exhausted'
            : 'active',
      createdAt: isoTime(row.createdAtMs),
      expiresAt: root.expiresAtMs === null ? null : isoTime(root.expiresAtMs),
      lastUsedAt: used === null ? null : isoTime(used.lastMs),
    }
  }

  /** The standing statement, as the right that it is; null before the first unlock. */
  function nodeView(local: Did): View | null {
    const { standing, isWithdrawn } = sessionOf(local).nodeRight
    if (standing === null) return null
    return {
      capabilityId: NODE,
      kind: 'node',
      for: NODE,
      can: [...standing.rights],
      audience: null,
      perDay: null,
      uses: null,
      used: { today: 0, all: 0 },
      state: isWithdrawn ? 'revoked' : clock.nowMs() >= standing.expiresAtMs ? 'expired' : 'active',
      createdAt: isoTime(standing.atMs),
      expiresAt: isoTime(standing.expiresAtMs),
      lastUsedAt: null,
    }
  }

  /** @throws `capability/not-found`, `id/ambiguous`. */
  function find(local: Did, selector: string): CapabilityRow {
    const all = users.read(local, db => db.capabilities.list())
    const isLive = (row: CapabilityRow): boolean => viewOf(local, row).state === 'active'
    const alike = all.filter(row => row.name === selector)
    // A name is given again when the right before it is over: it stands for what still counts.
    const named = alike.length > 1 && alike.some(isLive) ? alike.filter(isLive) : alike
    // `capability list` shows the end of an id behind a mark, and people copy what they see.
    const id = selector.replace(/^…/, '')
    const found = named.length > 0 ? named : all.filter(row => row.cid.startsWith(id) || row.cid.endsWith(id))
    if (found.length > 1)
      throw new VivimError('id/ambiguous', `more than one capability matches “${selector}”`)
    const [row] = found
    if (row === undefined)
      throw new VivimError('capability/not-found', `no capability is called “${selector}”`)
    return row
  }

  /** @throws `usage/invalid` for a word that no method goes by. */
  function commandOf(word: string): string {
    const command = commandOfWord(word)
    if (!/^[a-z-]+(\.[a-z-]+)*$/.test(word) || !COMMANDS.some(known => covers(command, known)))
      throw new VivimError(
        'usage/invalid',
        `${JSON.stringify(word)} is nothing that a capability can cover; share.propose and conversation.read are`,
        {
          known: [...new Set(COMMANDS.map(wordOfCommand))].join(', '),
        },
      )
    return command
  }

  /** @throws `usage/invalid`. */
  function endOf(text: string, nowMs: number): number | null {
    const endMs = parseInstant(text, nowMs)
    if (endMs !== null && endMs <= nowMs) throw new VivimError('usage/invalid', 'that end has passed')
    return endMs
  }

  function createForNode(local: Did, params: Create): Result<'capability.create'> {
    const nowMs = clock.nowMs()
    const rights = params.can.map(word => {
      const right = StandingRight.safeParse(word)
      if (!right.success)
        throw new VivimError('usage/invalid', 'a node may deliver, receive and keep, and nothing else')
      return right.data
    })
    if (
      params.circles.length + params.to.length > 0 ||
      params.perDay !== undefined ||
      params.uses !== undefined
    )
      throw new VivimError('usage/invalid', 'what a node may do has an end and no other bound')
    const endMs = endOf(params.expires, nowMs)
    if (endMs === null) throw new VivimError('usage/invalid', 'what a node may do ends after 90 days at most')
    sessionOf(local).nodeRight.delegate([...new Set(rights)], endMs - nowMs)
    const view = nodeView(local)
    if (view === null) throw new VivimError('program/defect', 'a statement that was made is not there')
    return { ...view, chain: null, changed: true }
  }

  function createToken(local: Did, params: Create): Result<'capability.create'> {
    const nowMs = clock.nowMs()
    if (params.holder === undefined)
      throw new VivimError('usage/invalid', 'a capability is for the holder of a key')
    const commands = [...new Set(params.can.map(commandOf))]
    const isBound = params.circles.length + params.to.length > 0
    if (isBound) refusePeopleless(commands)
    const { circles, contacts } = audiences.resolve(local, params)
    const { cmd, pol } = policyOf({
      commands,
      people: isBound ? { circles, contacts } : null,
      perDay: params.perDay ?? null,
      uses: params.uses ?? null,
    })
    const { device, document } = sessionOf(local).keys()
    const chain = issueChain(
      { aud: params.holder, cmd, pol, expiresAtMs: endOf(params.expires, nowMs), meta: { for: params.for } },
      document,
      device,
      chance,
    )
    const row: CapabilityRow = {
      cid: chain.root.cid,
      name: params.for,
      chain: chainBytes(chain),
      revocation: signRevocation(chain.root.cid, device, chance).bytes,
      createdAtMs: nowMs,
    }
    users.write(local, db => {
      if (db.capabilities.list().length >= MAX_CAPABILITIES)
        throw new VivimError('capability/full', `a user gives at most ${MAX_CAPABILITIES} capabilities`)
      db.capabilities.add(row)
    })
    return { ...viewOf(local, row), chain: chainText(chain), changed: true }
  }

  return {
    create: (local: Did, params: Create): Result<'capability.create'> =>
      params.for === NODE ? createForNode(local, params) : createToken(local, params),

    list(local: Did): Result<'capability.list'> {
      const node = nodeView(local)
      const tokens = users.read(local, db => db.capabilities.list()).map(row => viewOf(local, row))
      return { capabilities: [...tokens, ...(node === null ? [] : [node])] }
    },

    show(local: Did, selector: string): View {
      const node = selector === NODE ? nodeView(local) : null
      return node ?? viewOf(local, find(local, selector))
    },

    /** Needs no key: the revocation was signed when the right was given. */
    revoke(local: Did, selector: string): Result<'capability.revoke'> {
      if (selector === NODE)
        return { capabilityId: NODE, state: 'revoked', changed: sessionOf(local).nodeRight.withdraw() }
      const row = find(local, selector)
      const { link, by } = parseRevocation(row.revocation)
      const changed = users.write(local, db =>
        db.capabilities.revoke(link, by, row.revocation, clock.nowMs()),
      )
      return { capabilityId: row.cid, state: 'revoked', changed }
    },
  }
}

export type Issued = ReturnType<typeof makeIssued>
