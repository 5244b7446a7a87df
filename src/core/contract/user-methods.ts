/** The methods of the nouns `session` and `user`: who may speak for whom on a node with several people. Part of `methods.ts`. */
import { z } from 'zod'
import { Did, IsoTime } from '../model/id.ts'
import { type Method, none } from './method.ts'
import { Count, changed, FreeText, Selector, TimeText } from './shapes.ts'

const Secret = z.string().max(4096)
const SessionId = z.string().regex(/^[0-9a-f]{20}$/)

export const userMethods = {
  'session.challenge': {
    summary: 'A nonce for `session.open` with a signature; good once, on this connection, for a minute.',
    access: 'open',
    params: none,
    result: z.strictObject({ nonce: z.string(), peerId: z.string(), expiresAt: IsoTime }),
    errors: [],
  },
  'session.open': {
    summary:
      'Prove to be a user, by passphrase or by a signed challenge, and get a token for later connections.',
    access: 'open',
    params: z.strictObject({
      as: Selector.optional(),
      passphrase: Secret.optional(),
      /** Device key and signature over the challenge, base64url. */
      signed: z.strictObject({ device: z.string().max(64), signature: z.string().max(128) }).optional(),
      for: TimeText.optional(),
      /** A token of an earlier session: others who guess do not slow this client down. */
      previous: z.string().max(4096).optional(),
      /** Unlock the keystore too, for as long as the session. */
      unlock: z.boolean().default(false),
    }),
    result: z.strictObject({
      token: z.string(),
      sessionId: SessionId,
      did: Did,
      name: FreeText,
      expiresAt: IsoTime,
      unlocked: z.boolean(),
    }),
    errors: ['session/refused', 'session/wait', 'usage/input-needed', 'usage/invalid'],
    // Proofs wait for each other: each takes half a second and 128 MiB.
    timeoutMs: 60_000,
  },
  'session.list': {
    summary: 'The own sessions, newest first.',
    access: 'read',
    params: none,
    result: z.strictObject({
      sessions: z.array(
        z.looseObject({
          sessionId: SessionId,
          createdAt: IsoTime,
          expiresAt: IsoTime,
          lastUsedAt: IsoTime,
          current: z.boolean(),
        }),
      ),
    }),
    errors: [],
  },
  'session.end': {
    summary: 'End the own session that is named, this one, or all.',
    access: 'write',
    params: z.strictObject({ session: Selector.optional(), all: z.boolean().default(false) }),
    result: z.strictObject({ ended: Count, ...changed }),
    errors: ['session/not-found', 'id/ambiguous'],
  },

  'user.create': {
    summary: 'Make a user of this node: identity, keystore and database.',
    access: 'operator',
    params: z.strictObject({
      name: z.string().min(1, 'is empty').max(64, 'has over 64 characters'),
      passphrase: Secret.optional(),
    }),
    result: z.strictObject({ did: Did, name: FreeText, ...changed }),
    errors: ['usage/invalid'],
  },
  'user.list': {
    summary: 'The users of this node.',
    access: 'operator',
    params: none,
    result: z.strictObject({
      users: z.array(
        z.looseObject({
          did: Did,
          name: FreeText,
          operator: z.boolean(),
          unlocked: z.boolean(),
          needsPassphrase: z.boolean(),
          createdAt: IsoTime,
          sessions: Count,
        }),
      ),
    }),
    errors: [],
  },
  'user.delete': {
    summary:
      'End what a user shares, as far as it can be reached, and remove all that this node has of them.',
    access: 'operator',
    params: z.strictObject({ user: Selector }),
    result: z.strictObject({
      did: Did,
      name: FreeText,
      sharesEnded: Count,
      /** Recipients who were not reached in time and keep what they have until it expires. */
      notTold: Count,
      ...changed,
    }),
    errors: ['user/not-found', 'user/operator'],
    timeoutMs: 120_000,
  },
  'user.migrate': {
    summary: 'Bring the databases of users up to the schema of this version.',
    access: 'operator',
    params: z.strictObject({ user: Selector.optional() }),
    result: z.strictObject({
      users: z.array(
        z.looseObject({ did: Did, name: FreeText, from: Count, to: Count, changed: z.boolean() }),
      ),
    }),
    errors: ['user/not-found', 'storage/newer-schema'],
    timeoutMs: 600_000,
  },
} as const satisfies Record<string, Method>
