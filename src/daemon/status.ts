/** What `vivim status` and `vivim doctor` tell: gathered from the rooms, judged here. */
import { statfs } from 'node:fs/promises'
import type { Result } from '../core/contract/methods.ts'
import type { Clock } from '../core/kernel/env.ts'
import { ERRORS, type ErrorCode } from '../core/kernel/errors.ts'
import { VERSION } from '../core/kernel/version.ts'
import { type Did, isoTime } from '../core/model/id.ts'
import type { BlockStore, JobKind, JobRow, JobStore } from '../core/pipeline/ports.ts'
import type { KeystoreSession } from './keystore-session.ts'
import type { Whose } from './methods/system.ts'
import type { Network } from './network/ports.ts'

type Status = Result<'system.status'>
type Check = Result<'system.doctor'>['checks'][number]

export interface StatusPorts {
  home: string
  clock: Clock
  sessionOf(
    did: Did,
  ): Pick<KeystoreSession, 'unlocked' | 'exported' | 'needsPassphrase' | 'document' | 'revoked'>
  network: Pick<Network, 'peerId' | 'addrs' | 'peers' | 'peersOf' | 'reachability'>
  jobs: Pick<JobStore, 'list'>
  blocks: Pick<BlockStore, 'bytes'>
  /** Bytes of what one user sent and received. */
  contentBytes(did: Did): Promise<number>
  masterEngine: 'sqlite' | 'postgres'
  /** Whether the audit log does not have what was noted of it. */
  isAuditBroken(did: Did): boolean
  /** Letters that wait for an unlocked keystore. */
  waitingLetters(did: Did): number
  /** Proposals that wait for an answer. */
  waitingProposals(did: Did): number
  /** How many contacts' identities changed since somebody looked. */
  changedContacts(did: Did): number
  /** A read that fails when the master database cannot be used. */
  askMaster(): Promise<unknown>
}

/** Whether a job goes on by itself: never tried, somebody is away, or the keystore is locked. */
const isWaiting = (code: string | null): boolean =>
  code === null || code === 'keystore/locked' || (code in ERRORS && ERRORS[code as ErrorCode].retry)

/** Jobs that wait for a time of their own are not in anybody's way. */
const KEPT: readonly JobKind[] = ['expire']
/** A document that only the recovery key can follow up asks for it in good time. */
const RENEW_SOON_MS = 60 * 86_400_000
/** Less room than this on the disk of the home is worth a word. */
const LOW_DISK_BYTES = 512 * 1024 * 1024

export interface StatusReporter {
  /** What a user may know: their own queue and content, and the peers on which somebody was proved to them. */
  status(whose: Whose): Promise<Status>
  /** @param user - whose keys are looked at; null for the node alone. */
  doctor(user: Did | null): Promise<Result<'system.doctor'>>
}

export function makeStatus(ports: StatusPorts): StatusReporter {
  const { clock, network } = ports
  const startedAtMs = clock.nowMs()

  const nodeWarnings = (): Status['warnings'] =>
    network.addrs().length > 0
      ? []
      : [
          {
            code: 'daemon/port-in-use',
            severity: 'error',
            message: 'the node listens on no address: nobody can reach it',
            hint: ERRORS['daemon/port-in-use'].hint,
          },
        ]

  const userWarnings = (did: Did, jobs: readonly JobRow[]): Status['warnings'] => {
    const session = ports.sessionOf(did)
    const warnings: Status['warnings'] = []
    const warn = (code: ErrorCode, severity: 'info' | 'warning' | 'error', message: string) =>
      warnings.push({ code, severity, message, hint: ERRORS[code].hint })
    const steps = jobs.filter(job => job.lastError === 'keystore/locked').length
    const letters = ports.waitingLetters(did)
    const waiting = [steps > 0 ? `${steps} steps` : '', letters > 0 ? `${letters} letters` : '']
      .filter(Boolean)
      .join(' and ')
    if (session.revoked)
      warn(
        'device/revoked',
        'error',
        'another device of yours took this one out: it sends and receives nothing',
      )
    if (!session.unlocked)
      warn(
        'keystore/locked',
        waiting === '' ? 'info' : 'warning',
        waiting === '' ? 'the keystore is locked' : `the keystore is locked, and ${waiting} wait for it`,
      )
    if (!session.exported)
      warn('identity/not-exported', 'warning', 'the recovery seed lies only on this machine')
    if (ports.isAuditBroken(did))
      warn('audit/broken', 'error', 'the audit log is not the one that was written: see `vivim audit verify`')
    const proposals = ports.waitingProposals(did)
    if (proposals > 0)
      warn(
        'proposal/waiting',
        'info',
        `${proposals} ${proposals === 1 ? 'proposal waits' : 'proposals wait'} for your answer`,
      )
    const changed = ports.changedContacts(did)
    if (changed > 0)
      warn(
        'contact/changed',
        'warning',
        `the identity of ${changed} contact${changed === 1 ? '' : 's'} changed: see \`vivim contact list\``,
      )
    const { document } = session
    if (document.byRecovery && document.expiresAtMs - clock.nowMs() < RENEW_SOON_MS)
      warn(
        'identity/recovery-needed',
        'warning',
        `the identity document ends on ${isoTime(document.expiresAtMs)}: sign the next with \`vivim identity renew\``,
      )
    return warnings
  }

  return {
    async status({ user, name, operator }) {
      const isAll = user === null || operator
      const [all, blocksBytes] = await Promise.all([
        ports.jobs.list(user === null ? {} : { owner: user }),
        isAll ? ports.blocks.bytes() : ports.contentBytes(user),
      ])
      const jobs = all.filter(job => !KEPT.includes(job.kind))
      const oldest = jobs.reduce((min, job) => Math.min(min, job.createdAtMs), Number.POSITIVE_INFINITY)
      const nowMs = clock.nowMs()
      return {
        daemon: {
          version: VERSION,
          pid: process.pid,
          uptimeMs: Math.max(0, nowMs - startedAtMs),
          rssBytes: process.memoryUsage.rss(),
        },
        identity: user && { did: user, name, unlocked: ports.sessionOf(user).unlocked },
        network: {
          peerId: network.peerId,
          addrs: network.addrs(),
          peers: (isAll ? network.peers() : network.peersOf(user)).length,
          reachability: network.reachability(),
        },
        queue: {
          pending: jobs.length,
          failed: jobs.filter(job => !isWaiting(job.lastError)).length,
          oldestAgeMs: jobs.length === 0 ? null : Math.max(0, nowMs - oldest),
        },
        storage: { masterEngine: ports.masterEngine, blocksBytes },
        warnings: [...(user === null ? [] : userWarnings(user, jobs)), ...nodeWarnings()],
      }
    },

    async doctor(user) {
      const checks: Check[] = []
      const check = (code: ErrorCode, ok: boolean, severity: Check['severity'], good: string, bad: string) =>
        checks.push({ code, ok, severity, message: ok ? good : bad, hint: ok ? '' : ERRORS[code].hint })
      const isReachable = await ports.askMaster().then(
        () => true,
        () => false,
      )
      const disk = await statfs(ports.home).catch(() => null)
      const free = disk === null ? null : disk.bavail * disk.bsize
      const addrs = network.addrs()
      check(
        'storage/unavailable',
        isReachable,
        'error',
        `the master database (${ports.masterEngine}) answers`,
        `the master database (${ports.masterEngine}) does not answer`,
      )
      check(
        'storage/full',
        free === null || free >= LOW_DISK_BYTES,
        'warning',
        'there is room on the disk',
        `only ${Math.round((free ?? 0) / 1e6)} MB are left on the disk`,
      )
      check(
        'daemon/port-in-use',
        addrs.length > 0,
        'error',
        `the node listens on ${addrs.join(', ')}`,
        'the node listens on no address',
      )
      if (user === null) return { ok: checks.every(one => one.ok || one.severity !== 'error'), checks }
      const session = ports.sessionOf(user)
      check(
        'keystore/locked',
        session.unlocked,
        'warning',
        session.needsPassphrase
          ? 'the keystore is unlocked'
          : 'the keystore is unlocked; it has no passphrase',
        'the keystore is locked',
      )
      check(
        'identity/not-exported',
        session.exported,
        'warning',
        'the recovery seed is not on this machine',
        'the recovery seed lies only on this machine',
      )
      return { ok: checks.every(one => one.ok || one.severity !== 'error'), checks }
    },
  }
}
