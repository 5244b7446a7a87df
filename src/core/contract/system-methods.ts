/** The methods of the node itself: system, keystore, identity, peers. Part of `methods.ts`. */
import { z } from 'zod'
import { Did, IsoTime } from '../model/id.ts'
import { type Method, none } from './method.ts'
import { Peer } from './people-shapes.ts'
import { Count, changed, FreeText, Selector, TimeText, Warning } from './shapes.ts'

const Secret = z.string().max(4096)

/** The recovery key from outside of the node: the words, or the export file and its passphrase. */
export const Recovery = z.union([
  z.strictObject({ words: z.string().max(4096) }),
  z.strictObject({ fileB64: z.base64().max(1_000_000), passphrase: Secret.min(1) }),
])

export const systemMethods = {
  'system.hello': {
    summary: 'Say the contract version and choose the user; must be the first call on a connection.',
    access: 'open',
    params: z.strictObject({
      contract: z.number().int(),
      client: z.string().max(100),
      as: Selector.optional(),
      token: z.string().max(4096).optional(),
      /** A chain in text: every later call carries an `invocation` signed by its holder. */
      capability: z.string().max(100_000).optional(),
    }),
    result: z.looseObject({
      contract: z.number().int(),
      version: z.string(),
      pid: z.number().int(),
      frameBytes: z.number().int(),
      /** Null where the connection speaks for nobody. */
      user: z.strictObject({ did: Did, name: FreeText }).nullable(),
      /** On the owner's socket only. */
      node: z.strictObject({ peerId: z.string(), addrs: z.array(z.string()) }).optional(),
    }),
    errors: [
      'rpc/version',
      'user/not-found',
      'session/needed',
      'session/invalid',
      'capability/invalid',
      'capability/denied',
      'capability/expired',
      'capability/revoked',
    ],
  },
  'system.methods': {
    summary: 'List every method with its summary and access.',
    access: 'read',
    without: 'anybody',
    params: none,
    result: z.strictObject({
      methods: z.array(z.strictObject({ name: z.string(), summary: z.string(), access: z.string() })),
    }),
    errors: [],
  },
  'system.status': {
    summary: 'State of daemon, identity, network, queue and storage, with warnings.',
    access: 'read',
    without: 'monitor',
    params: none,
    result: z.looseObject({
      daemon: z.looseObject({
        version: z.string(),
        pid: z.number(),
        uptimeMs: z.number(),
        rssBytes: z.number(),
      }),
      /** Null on the monitoring socket. */
      identity: z.looseObject({ did: Did, name: FreeText, unlocked: z.boolean() }).nullable(),
      network: z.looseObject({
        peerId: z.string(),
        addrs: z.array(z.string()),
        peers: Count,
        reachability: z.string(),
      }),
      queue: z.looseObject({ pending: Count, failed: Count, oldestAgeMs: z.number().nullable() }),
      storage: z.looseObject({ masterEngine: z.enum(['sqlite', 'postgres']), blocksBytes: Count }),
      warnings: z.array(Warning),
    }),
    errors: [],
  },
  'system.doctor': {
    summary: 'Check the node and say what to mend.',
    access: 'read',
    without: 'monitor',
    params: none,
    result: z.strictObject({
      ok: z.boolean(),
      checks: z.array(
        z.strictObject({
          code: z.string(),
          ok: z.boolean(),
          severity: z.enum(['info', 'warning', 'error']),
          message: z.string(),
          hint: z.string(),
        }),
      ),
    }),
    errors: [],
  },
  'system.stop': {
    summary: 'Stop the daemon cleanly; it answers before it ends.',
    access: 'operator',
    params: none,
    result: z.strictObject({ stopped: z.boolean() }),
    errors: [],
  },
  'system.unsubscribe': {
    summary: 'End a subscription of this connection.',
    access: 'read',
    without: 'anybody',
    params: z.strictObject({ subscription: z.string().max(64) }),
    result: z.strictObject(changed),
    errors: [],
  },

  'keystore.unlock': {
    summary: 'Unlock the keystore into the daemon, for a while or until it stops.',
    access: 'write',
    params: z.strictObject({ passphrase: Secret.optional(), for: TimeText.optional() }),
    result: z.strictObject({ unlocked: z.boolean(), until: IsoTime.nullable(), ...changed }),
    errors: ['keystore/wrong-passphrase', 'keystore/corrupt'],
  },
  'keystore.lock': {
    summary: 'Forget the unlocked keys.',
    access: 'write',
    params: none,
    result: z.strictObject({ unlocked: z.boolean(), ...changed }),
    errors: [],
  },

  'identity.show': {
    summary: 'The own identity: DID, devices, document and whether the recovery seed was exported.',
    access: 'read',
    params: none,
    result: z.looseObject({
      did: Did,
      name: FreeText,
      sequence: Count,
      createdAt: IsoTime,
      expiresAt: IsoTime,
      /** Whether the recovery key signed the document in force. */
      byRecovery: z.boolean(),
      movedTo: Did.nullable(),
      /** The document in force, for a recovery elsewhere that keeps this device. */
      document: z.strictObject({ wireB64: z.string() }),
      devices: z.array(
        z.looseObject({ key: z.string(), addedAt: IsoTime, current: z.boolean(), revoked: z.boolean() }),
      ),
      exported: z.boolean(),
    }),
    errors: [],
  },
  'identity.export': {
    summary: 'The encrypted export with identity key and recovery seed, for the caller to write to a file.',
    access: 'write',
    params: z.strictObject({ passphrase: Secret.min(1), words: z.boolean().default(false) }),
    result: z.strictObject({
      fileB64: z.string(),
      sha256: z.string(),
      /** The recovery seed as 24 words, where they were asked for. */
      words: z.array(z.string()).nullable(),
    }),
    errors: ['keystore/locked', 'identity/seed-gone'],
  },
  'identity.exported': {
    summary: 'Confirm that the export is safely on disk; the node then deletes its recovery seed.',
    access: 'write',
    params: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
    result: z.strictObject(changed),
    errors: ['usage/invalid'],
  },

  'identity.renew': {
    summary: 'Sign the next identity document with the recovery key, for another year.',
    access: 'write',
    params: z.strictObject({ recovery: Recovery.optional() }),
    result: z.strictObject({ did: Did, sequence: Count, expiresAt: IsoTime, ...changed }),
    errors: ['keystore/locked', 'identity/recovery-needed', 'identity/other-recovery', 'identity/words'],
  },
  'identity.move': {
    summary: 'Tell everybody, by the recovery key, that this person is to be found under another DID.',
    access: 'write',
    params: z.strictObject({ to: z.string().min(1).max(8192), recovery: Recovery.optional() }),
    result: z.strictObject({ did: Did, movedTo: Did, sequence: Count, told: Count, ...changed }),
    errors: [
      'keystore/locked',
      'identity/recovery-needed',
      'identity/other-recovery',
      'identity/words',
      'card/invalid',
      'contact/self',
    ],
  },

  'peer.list': {
    summary: 'Connected peers: to a user those where somebody they know is, to the operator all.',
    access: 'read',
    without: 'monitor',
    params: none,
    result: z.strictObject({ peers: z.array(Peer) }),
    errors: [],
  },
  'peer.connect': {
    summary: 'Dial a multiaddr.',
    access: 'operator',
    params: z.strictObject({ address: z.string().min(1).max(512) }),
    result: Peer.extend(changed),
    errors: ['peer/bad-address', 'peer/unreachable'],
  },
  'peer.block': {
    summary: 'Cut a peer off and refuse it from now on.',
    access: 'operator',
    params: z.strictObject({ peer: z.string().min(1).max(128) }),
    result: z.strictObject({ peerId: z.string(), ...changed }),
    errors: ['peer/bad-address'],
  },
  'peer.unblock': {
    summary: 'Allow a blocked peer again.',
    access: 'operator',
    params: z.strictObject({ peer: z.string().min(1).max(128) }),
    result: z.strictObject({ peerId: z.string(), ...changed }),
    errors: ['peer/bad-address'],
  },
} as const satisfies Record<string, Method>
