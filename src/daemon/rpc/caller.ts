/** Who calls: what the dispatcher knows of a connection, handed to every handler. */
import type { Chain } from '../../core/capability/chain.ts'
import type { Cid, Did } from '../../core/model/id.ts'

/** By what right a connection speaks: the owner's socket, a session that was opened with a proof, a capability, named by the CID of
 *  its first link; or for nobody, which is the owner of a home with several users who named none (`node`), somebody on the group
 *  socket without a session, a monitor. */
export type Via =
  | { kind: 'socket' }
  | { kind: 'session'; id: string }
  | { kind: 'capability'; id: Cid; name: string; chain: Chain }
  | { kind: 'node' }
  | { kind: 'guest' }
  | { kind: 'monitor' }

/** The sockets of a node: its owner's, the one for a group of people, the one for reading its state. */
export type Door = 'owner' | 'group' | 'monitor'

/** For whom a connection speaks, as `system.hello` chose. */
export interface Session {
  /** Null for a connection that speaks for nobody. */
  user: Did | null
  name: string
  /** Whether methods with access `operator` are allowed. */
  operator: boolean
  /** Whether only methods with access `open` and `read` are. */
  readOnly: boolean
  via: Via
  /** Fires, with the error that says why, when the right has ended; null for one that ends with the connection. */
  over: AbortSignal | null
  /** Whether the right counts now; asked before every call and every event. */
  use(): boolean
}

export interface Caller extends Session {
  /** The user. @throws `session/needed` where there is none: no handler serves nobody by mistake. */
  readonly did: Did
  door: Door
  /** Tells connections apart, in logs and for what belongs to one; never reused while the daemon runs. */
  connection: number
  /** What the client called itself in `system.hello`; printable, at most 100 characters. */
  client: string
  /**
   * Begin a subscription of this connection. `open` gets a function that sends one event and returns the one that
   * stops; it runs when the caller unsubscribes or the connection ends. Events wait until the answer was sent.
   * @returns the subscription's id. @throws `rpc/busy` when the connection has too many.
   */
  subscribe(open: (send: (event: unknown) => void) => () => void): string
  /** @returns false when there is no such subscription. */
  unsubscribe(subscription: string): boolean
  /** Run something when the connection ends; at once when it has. */
  onEnd(end: () => void): void
}

/** Chooses the user of a connection. */
export interface RpcUsers {
  /** Whether another device of this user took this one out. */
  isRevoked?(did: Did): boolean
  /** @param as - name or DID; needed only when the home has several users. @param token - of a session.
   *  @throws `session/needed`, `session/invalid`, `user/not-found`. */
  session(as: string | undefined, token: string | undefined, door: Door): Promise<Session>
}
