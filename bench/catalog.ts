/** All benchmarks by the name that selects them; each is loaded only in the process that runs it. */
import type { Bench } from './bench.ts'

export const CATALOG = {
  wraps: { about: 'a key for many devices', load: async () => (await import('./wraps.ts')).wraps },
  circles: { about: 'a new epoch for a group', load: async () => (await import('./circles.ts')).circles },
  signatures: {
    about: 'Ed25519 under one rule',
    load: async () => (await import('./signatures.ts')).signatures,
  },
  sealing: { about: 'sealing and opening content', load: async () => (await import('./sealing.ts')).sealing },
  reading: { about: 'an export, cut and parsed', load: async () => (await import('./reading.ts')).reading },
  scanning: { about: 'the content filter', load: async () => (await import('./scanning.ts')).scanning },
  searching: {
    about: 'storing and finding messages',
    load: async () => (await import('./searching.ts')).searching,
  },
  starting: {
    about: 'commands and daemon, until they answer',
    load: async () => (await import('./starting.ts')).starting,
  },
  importing: {
    about: 'an export into a running daemon',
    load: async () => (await import('./importing.ts')).importing,
  },
  transfer: {
    about: 'sealed blocks from node to node',
    load: async () => (await import('./transfer.ts')).transfer,
  },
  sharing: { about: 'a share between two daemons', load: async () => (await import('./sharing.ts')).sharing },
} as const satisfies Record<string, { about: string; load: () => Promise<Bench> }>

export type BenchName = keyof typeof CATALOG
export const NAMES = Object.keys(CATALOG) as BenchName[]
