/** The one function by which `share preview` shows and `share create` seals: what would leave, to the byte. Nothing in it depends
 *  on time or chance, so the same selection, flags and lists give the same digest. */
import { VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { buildPlaintext, digest, type PlainAsset, type Redaction } from '../pipeline/plaintext.ts'
import type { Engine } from './engine.ts'
import type { UnscannedFile } from './files.ts'
import { ENGINE, type FilterPorts, type Finding, inspect, ruleSetHash } from './inspection.ts'
import type { Copy } from './leaving.ts'
import {
  type CopiedMessage,
  type Extra,
  type ScopeMessage,
  selectMessages,
  type Units,
  type Withheld,
} from './scope.ts'

/** Titles of imported conversations are longer than this only by accident. */
const MAX_TITLE_LENGTH = 2_000

export interface ShareInput {
  conversation: { title: string | null; messages: readonly ScopeMessage[] }
  owner: Did
  /** `3-9,12`; all visible messages where it is not given. */
  ranges?: string | undefined
  /** Only these, and the messages of the ranges. */
  units?: Units | undefined
  include: readonly Extra[]
  /** Instead of the conversation's; an empty one means none. */
  title?: string | undefined
  note?: string | undefined
  /** Where it is not given, secrets block and personal data is redacted. */
  onFindings?: 'block' | 'redact' | 'allow' | undefined
}

export interface Prepared {
  title: string | null
  note: string | null
  /** The copy as it leaves; where `blocked`, as it would leave with `redact`. */
  messages: CopiedMessage[]
  withheld: Withheld
  findings: Finding[]
  /** Whether the findings forbid this share. */
  blocked: boolean
  /** Attached files and images that leave without having been looked into. */
  unscanned: UnscannedFile[]
  /** Null where the owner let leave what was found. */
  redaction: Redaction | null
  /** Plaintext v1. */
  plaintext: Uint8Array
  /** 64 hex characters. */
  digest: string
  /** What the caller has to append when sealing, in this order. */
  assetsNeeded: PlainAsset[]
  /** Bytes of those that were redacted, by hash; the others are the user's files. */
  replaced: ReadonlyMap<string, Uint8Array>
}

/** Select, look through, redact, encode. Never refuses because of findings: `blocked` says so, and `refuseBlocked` acts on it.
 *  @throws `usage/invalid`, `share/nothing-selected`, `filter/failed`, `crypto/too-large`. */
export async function prepareShare(
  input: ShareInput,
  ports: FilterPorts,
  engine: Engine = ENGINE,
): Promise<Prepared> {
  const { messages, withheld } = selectMessages(input.conversation.messages, input)
  const title = (input.title ?? input.conversation.title ?? '').slice(0, MAX_TITLE_LENGTH).toWellFormed()
  const copy: Copy = { title: title || null, note: input.note?.toWellFormed() || null, messages }
  const inspection = await inspect(copy, ports, engine)
  const redacts = input.onFindings !== 'allow'
  const findings = inspection.findings(redacts)
  if (redacts) inspection.redact()
  const assetsNeeded = inspection.assets()
  const redaction =
    redacts || findings.length === 0
      ? { rules: ruleSetHash(ports.lists, engine), counts: inspection.counts() }
      : null
  const plaintext = buildPlaintext({ ...copy, owner: input.owner, redaction, assets: assetsNeeded })
  return {
    ...copy,
    withheld,
    findings,
    blocked: blocks(findings, input.onFindings),
    unscanned: inspection.unscanned,
    redaction,
    plaintext,
    digest: digest(plaintext),
    assetsNeeded,
    replaced: inspection.replaced,
  }
}

/** @throws `filter/findings` where the findings forbid to share. */
export function refuseBlocked({ blocked, findings }: Pick<Prepared, 'blocked' | 'findings'>): void {
  if (!blocked) return
  const secrets = findings.filter(({ severity }) => severity === 'secret').length
  const rules = [...new Set(findings.map(({ rule }) => rule))].slice(0, 10).join(', ')
  throw new VivimError('filter/findings', `the filter found what should not leave: ${rules}`, {
    secrets,
    personal: findings.length - secrets,
  })
}

const blocks = (findings: readonly Finding[], onFindings: ShareInput['onFindings']): boolean =>
  onFindings === 'block'
    ? findings.length > 0
    : onFindings === undefined && findings.some(({ severity }) => severity === 'secret')
