/** Every domain-separation label of the protocol, once. A label never changes its meaning: a new meaning gets a new version. */
import { concat, utf8 } from '../kernel/bytes.ts'

/** Label texts. The first group are `type`s of signed objects, the others bind derivations, hashes and seals. */
export const LABELS = {
  identity: 'vivim/v1/identity',
  slot: 'vivim/v1/slot',
  standing: 'vivim/v1/standing',
  notice: 'vivim/v1/notice',
  receipt: 'vivim/v1/receipt',
  redaction: 'vivim/v1/redaction',
  slip: 'vivim/v1/slip',
  tombstone: 'vivim/v1/tombstone',
  record: 'vivim/v1/record',
  circle: 'vivim/v1/circle',
  wrap: 'vivim/v1/wrap',
  intent: 'vivim/v1/intent',
  auditCheckpoint: 'vivim/v1/audit-checkpoint',
  deviceApproval: 'vivim/v1/device-approval',

  recoverySign: 'vivim/v1/recovery-sign',
  recoveryKem: 'vivim/v1/recovery-kem',
  directory: 'vivim/v1/directory',
  didAsk: 'vivim/v1/did-ask',
  session: 'vivim/v1/session',
  letter: 'vivim/v1/letter',
  grant: 'vivim/v1/grant',
  circleId: 'vivim/v1/circle-id',
  epoch: 'vivim/v1/epoch',
  epochTag: 'vivim/v1/epoch-tag',
  shard: 'vivim/v1/shard',
  sync: 'vivim/v1/sync',
  fetch: 'vivim/v1/fetch',
  fetchKey: 'vivim/v1/fetch-key',
  recordKey: 'vivim/v1/record-key',
  plaintext: 'vivim/v1/plaintext',
  contentCommitment: 'vivim/v1/content-commitment',
  sealedToDevices: 'vivim/v1/sealed-to-devices',
  devicePair: 'vivim/v1/device-pair',
  deviceCode: 'vivim/v1/device-code',
  deviceAsk: 'vivim/v1/device-ask',
  deviceGrant: 'vivim/v1/device-grant',
  deviceSync: 'vivim/v1/device-sync',
  keystore: 'vivim/v1/keystore',
  storageKey: 'vivim/v1/storage-key',
  audit: 'vivim/v1/audit',
  safetyNumber: 'vivim/v1/safety-number',
} as const satisfies Record<string, `vivim/v1/${string}`>

export type LabelName = keyof typeof LABELS

/** The UTF-8 bytes of a label. */
export const label = (name: LabelName): Uint8Array => utf8(LABELS[name])

/** `text ‖ 0x00 ‖ parts…`, the shape in which a label stands before what it binds; no label holds a 0x00. */
export const bound = (text: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  concat(utf8(text), Uint8Array.of(0), ...parts)
