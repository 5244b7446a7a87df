/** The methods of a person's devices. Part of `methods.ts`. */
import { z } from 'zod'
import { Did, IsoTime } from '../model/id.ts'
import { GivenName } from '../model/name.ts'
import { type Method, none } from './method.ts'
import { changed, FreeText, Selector } from './shapes.ts'
import { Recovery } from './system-methods.ts'

const Secret = z.string().max(4096)
const DeviceId = z.string()

const OneDevice = z.strictObject({
  /** The device's Ed25519 key, base64url. */
  device: DeviceId,
  name: FreeText.nullable(),
  did: Did,
  ...changed,
})

const JoinState = z.enum(['none', 'waiting', 'approved', 'refused', 'expired'])

export const deviceMethods = {
  'device.list': {
    summary: 'The own devices, and new ones that wait for approval.',
    access: 'read',
    params: none,
    result: z.strictObject({
      devices: z.array(
        z.strictObject({
          device: DeviceId,
          name: FreeText.nullable(),
          current: z.boolean(),
          /** Null for one that was revoked and is listed no more. */
          addedAt: IsoTime.nullable(),
          revoked: z.boolean(),
          revokedAt: IsoTime.nullable(),
          peer: z.string().nullable(),
          lastSeen: IsoTime.nullable(),
        }),
      ),
      pending: z.array(
        z.strictObject({
          request: z.string(),
          peer: z.string(),
          requestedAt: IsoTime,
          expiresAt: IsoTime,
        }),
      ),
    }),
    errors: [],
  },
  'device.add': {
    summary: 'On a new, unused home: ask to become a device of the person whose own card this is.',
    access: 'operator',
    params: z.strictObject({
      card: z.string().max(8192),
      name: GivenName.optional(),
      passphrase: Secret.min(1).optional(),
    }),
    result: z.strictObject({
      /** Eight digits to type on the old device; null once this is a device of that person. */
      code: z.string().nullable(),
      did: Did,
      state: JoinState,
      expiresAt: IsoTime.nullable(),
      ...changed,
    }),
    errors: ['card/invalid', 'device/home-used', 'device/refused', 'peer/unreachable', 'usage/input-needed'],
  },
  'device.joining': {
    summary: 'How the last `device.add` on this node stands.',
    access: 'read',
    params: none,
    result: z.strictObject({
      code: z.string().nullable(),
      did: Did.nullable(),
      state: JoinState,
      expiresAt: IsoTime.nullable(),
    }),
    errors: [],
  },
  'device.approve': {
    summary: 'Take in the new device that shows this code.',
    access: 'write',
    params: z.strictObject({
      code: z.string().min(1).max(32),
      history: z.boolean().default(false),
      recovery: Recovery.optional(),
    }),
    result: OneDevice,
    errors: [
      'device/wrong-code',
      'device/too-many',
      'keystore/locked',
      'identity/recovery-needed',
      'identity/other-recovery',
    ],
  },
  'device.revoke': {
    summary: 'Take a device out: nothing more is sealed to it, and nothing that it signs counts.',
    access: 'write',
    params: z.strictObject({
      device: Selector,
      /** Draw another contact card, which the device does not have. */
      renewCard: z.boolean().default(false),
      recovery: Recovery.optional(),
    }),
    result: OneDevice,
    errors: [
      'device/not-found',
      'device/current',
      'id/ambiguous',
      'keystore/locked',
      'identity/recovery-needed',
      'identity/other-recovery',
    ],
  },
} as const satisfies Record<string, Method>
