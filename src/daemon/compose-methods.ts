/** Part of the composition root: what the socket offers, method by method, and the accounts behind it. */
import { methods as contract, type Handlers } from '../core/contract/methods.ts'
import type { IdentityDocument } from '../core/identity/document.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { Did } from '../core/model/id.ts'
import { makeAccounts } from './accounts/accounts.ts'
import { makeOpening } from './accounts/opening.ts'
import { makeSessions } from './accounts/sessions.ts'
import type { AuditLog } from './audit/log.ts'
import { makeAuditReading } from './audit/reading.ts'
import { makeIssued } from './capabilities/issued.ts'
import type { Ground } from './compose-ground.ts'
import type { Services } from './compose-services.ts'
import type { Devices } from './devices/devices.ts'
import type { JoiningService } from './devices/joining.ts'
import type { HomePaths } from './home.ts'
import { makeImports } from './importing/imports.ts'
import { makeDatabaseSpool, makeShelves, makeSpool, sweepSpool } from './importing/spool.ts'
import { makeMemories } from './library/memories.ts'
import { makeProfile } from './library/profile.ts'
import { makeAuditMethods } from './methods/audit.ts'
import { makeCapabilityMethods } from './methods/capability.ts'
import { makeConversationMethods } from './methods/conversation.ts'
import { makeDeviceMethods } from './methods/device.ts'
import { makeFilteringMethods } from './methods/filtering.ts'
import { makeIdentityMethods } from './methods/identity.ts'
import { makeImportMethods } from './methods/import.ts'
import { makeKeystoreMethods } from './methods/keystore.ts'
import { makeLibraryMethods } from './methods/library.ts'
import { makePeerMethods } from './methods/peer.ts'
import { makePeopleMethods } from './methods/people.ts'
import { makeSharingMethods } from './methods/sharing.ts'
import { makeSystemMethods } from './methods/system.ts'
import { makeUserMethods } from './methods/users.ts'
import type { Network } from './network/ports.ts'
import type { Caller } from './rpc/caller.ts'
import { makeExporting } from './sharing/exporting.ts'
import { PROFILE } from './sharing/profile-keys.ts'
import { makeStatus } from './status.ts'
import { pingMaster } from './storage/master/master.ts'
import { removeUser } from './storage/master/user-removal.ts'

export interface MethodsGround {
  ground: Ground
  services: Services
  paths: HomePaths
  node: Network
  audit: AuditLog
  devices: Devices
  joining: JoiningService
  ownDocument(did: Did): IdentityDocument
  /** Who runs this node. */
  operator(): Did
  /** The own document in force is known here, in the directory, in circles, and to contacts. @returns how many contacts are told. */
  announce(did: Did): Promise<number>
  /** Make the cards that are out worthless. @returns how many contacts are told. */
  renewCard(did: Did): Promise<number>
  /** Begin a clean stop of the process. */
  stop(): void
}

/** @param scope - closes what must be closed. */
export function makeMethods(parts: MethodsGround, scope: Scope) {
  const {
    ground,
    services,
    paths,
    node,
    audit,
    devices,
    joining,
    ownDocument,
    operator,
    announce,
    renewCard,
    stop,
  } = parts
  const {
    config,
    peerId,
    master,
    users,
    blocks,
    conversations,
    locals,
    happenings,
    wake,
    clock,
    chance,
    say,
  } = ground
  const {
    events,
    people,
    contacts,
    trust,
    card,
    audiences,
    syncs,
    endings,
    membership,
    lists,
    acus,
    collections,
    shares,
    proposals,
    inbox,
    verification,
    reissue,
    scans,
    passing,
    passed,
    invites,
    joins,
    ownSync,
  } = services
  const { jobs, shares: store } = master
  const { sessionOf } = locals
  sweepSpool(paths.tmp)
  const imports = makeImports(conversations, {
    spool: makeSpool(paths.tmp, chance),
    database: makeDatabaseSpool(paths.tmp, chance),
    shelf: makeShelves(paths.tmp, chance),
  })
  const sessions = makeSessions({ table: master.sessions, clock, chance, log: say })
  scope.own(sessions, one => one.close())
  const accounts = makeAccounts({
    paths,
    peer: peerId,
    locals,
    users,
    names: { of: contacts.name, keep: contacts.keepName },
    sessions,
    store,
    jobs,
    blocks,
    endings,
    removeRows: did => removeUser(master, did),
    wake,
    operator,
    clock,
    chance,
    log: say,
  })
  const opening = makeOpening({
    locals,
    sessions,
    byName: accounts.byName,
    nameOf: contacts.name,
    peerId,
    opened: happenings.sessionOpened,
    refused: happenings.sessionRefused,
    clock,
    chance,
    log: say,
  })
  const status = makeStatus({
    home: paths.root,
    clock,
    sessionOf,
    network: node,
    jobs,
    blocks,
    contentBytes: accounts.contentBytes,
    masterEngine: config.master.engine,
    isAuditBroken: audit.isBroken,
    waitingLetters: did => users.read(did, db => db.letters.list('waiting')).length,
    waitingProposals: proposals.waiting,
    changedContacts: did =>
      new Set(users.read(did, db => db.contacts.changes()).map(change => change.did)).size,
    askMaster: () => pingMaster(master),
  })
  const methods: Handlers<Caller> = {
    ...makeSystemMethods({ ...status, node: () => ({ peerId, addrs: node.addrs() }), stop }),
    ...makeUserMethods({ accounts, sessions, opening }),
    ...makeKeystoreMethods(sessionOf),
    ...makeIdentityMethods({
      sessionOf,
      beside: makeExporting({ users, contacts, audiences }),
      async announce(did, movedCard) {
        if (movedCard !== null) users.write(did, db => db.profile.put(PROFILE.movedCard, movedCard))
        return announce(did)
      },
    }),
    ...makeDeviceMethods(devices, joining),
    ...makePeerMethods(node, people.isRelated),
    ...makeImportMethods(imports),
    ...makeConversationMethods(conversations),
    ...makeLibraryMethods({
      acus,
      collections,
      memories: makeMemories({ users, acus, clock, chance }),
      profile: makeProfile(users),
    }),
    ...makePeopleMethods({
      contacts,
      membership,
      inbox,
      invites,
      joins,
      syncs,
      trust,
      card,
      renewCard,
    }),
    ...makeFilteringMethods(lists, scans),
    ...makeAuditMethods(
      makeAuditReading({
        users,
        anchors: master.auditAnchors,
        head: audit.head,
        document: ownDocument,
        clock,
      }),
    ),
    ...makeCapabilityMethods(makeIssued({ users, audiences, sessionOf, clock, chance }), proposals),
    ...makeSharingMethods({
      shares,
      inbox,
      verification,
      reissue,
      proposals,
      passing,
      passed,
      contacts,
      endings,
      store,
      jobs,
      events,
      nowMs: () => clock.nowMs(),
      wake,
    }),
  }
  const handlers = afterWrites(methods, did => ownSync.soon(did))
  return { handlers, accounts, sessions }
}

/** What a person changes is told to their other devices. */
function afterWrites(handlers: Handlers<Caller>, changed: (did: Did) => void): Handlers<Caller> {
  const wrapped: Record<string, unknown> = { ...handlers }
  for (const name of Object.keys(handlers) as (keyof Handlers<Caller>)[]) {
    if (contract[name].access !== 'write') continue
    const handle = handlers[name] as (caller: Caller, params: never, signal: AbortSignal) => Promise<unknown>
    wrapped[name] = async (caller: Caller, params: never, signal: AbortSignal) => {
      const result = await handle(caller, params, signal)
      if (caller.user !== null) changed(caller.user)
      return result
    }
  }
  return wrapped as unknown as Handlers<Caller>
}
