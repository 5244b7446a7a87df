/** The methods of the audit log. Part of `methods.ts`. */
import { z } from 'zod'
import { IsoTime } from '../model/id.ts'
import type { Method } from './method.ts'
import { Count, FreeText, TimeText } from './shapes.ts'

const AuditEntry = z
  .strictObject({
    /** From 1, without holes. */
    seq: Count,
    at: IsoTime,
    who: z.strictObject({
      kind: z.enum(['socket', 'session', 'capability', 'guest', 'did', 'node']),
      id: z.string().nullable(),
      name: FreeText.nullable(),
    }),
    /** How it was allowed. */
    right: z.string(),
    /** An RPC method, or an event of the node. */
    action: z.string(),
    /** Ids with their kind before them; people as their DID. */
    targets: z.array(z.string()),
    /** `ok`, `begun`, or an error code. */
    outcome: z.string(),
    /** How many like it the row stands for. */
    times: Count,
    /** SHA-256 in hex, over the row and the one before. */
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' })

export const auditMethods = {
  'audit.list': {
    summary: 'Who did what by which right, the newest last.',
    access: 'read',
    params: z.strictObject({
      /** A duration back from now, or an instant. */
      since: TimeText.optional(),
      /** A whole action such as `share.create`, or a noun such as `share`. */
      action: z
        .string()
        .max(64)
        .regex(/^[a-zA-Z][\w-]*(\.[\w-]+)*$/)
        .optional(),
      limit: z.number().int().min(1).max(1_000).default(100),
      /** `next` of the page before: goes on with older ones. */
      cursor: z
        .string()
        .regex(/^[1-9]\d{0,14}$/)
        .optional(),
    }),
    result: z.strictObject({ entries: z.array(AuditEntry), next: z.string().nullable() }),
    errors: ['usage/invalid'],
  },
  'audit.verify': {
    summary:
      'Check the whole audit log: its chain, the heads noted elsewhere, the checkpoints that devices signed.',
    access: 'read',
    params: z.strictObject({
      /** A head that was written down elsewhere, as this method gave it. */
      head: z
        .string()
        .regex(/^[1-9]\d{0,14}:[0-9a-f]{64}$/, 'not a number, a colon and 64 characters of hex')
        .optional(),
    }),
    result: z.strictObject({
      ok: z.literal(true),
      entries: Count,
      /** Number and hash of the last row, to be written down elsewhere. */
      head: z.string(),
      /** The last checkpoint that a device signed; null before the first unlock. */
      signed: z.strictObject({ seq: Count, at: IsoTime, device: z.string(), head: z.string() }).nullable(),
      /** Empty: a problem is the error `audit/broken`. */
      problems: z.array(z.string()),
    }),
    errors: ['audit/broken'],
    timeoutMs: 600_000,
  },
} as const satisfies Record<string, Method>
