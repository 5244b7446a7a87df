/** RPC methods of the nouns `filter` and `scan`. */
import type { Handlers } from '../../core/contract/methods.ts'
import type { Caller } from '../rpc/caller.ts'
import type { FilterListsService } from '../sharing/filter-lists.ts'
import type { Scans } from '../sharing/scans.ts'

export type FilteringMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `filter.${string}` | `scan.${string}`>
>

export const makeFilteringMethods = (lists: FilterListsService, scans: Scans): FilteringMethods => ({
  'filter.list': async (caller, p) => lists.list(caller.did, p.reveal),
  'filter.add': async (caller, p) => lists.add(caller.did, p),
  'filter.remove': async (caller, p) => lists.remove(caller.did, p),
  'scan.conversations': (caller, p, signal) => scans.conversations(caller.did, p, signal),
  'scan.shares': (caller, p, signal) => scans.shares(caller.did, p, signal),
})
