/** Who calls: what the dispatcher knows of a connection, handed to every handler. */
import type { Did } from '../../core/model/id.ts'

/** By what right a connection speaks for its user: the owner's socket, or a session that was opened with a proof. */
export type Via = { kind: 'socket' } | { kind: 'session'; id: string }

/** A user of this home, as `system.hello` chose them. */
export interface Session {
  did: Did
  name: string
  /** Whether methods with access `operator` are allowed. */
  operator: boolean
  /** Whether only methods with access `open` and `read` are. */
  readOnly: boolean
  via: Via
}

export interface Caller extends Session {
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
  /** @param as - name or DID; needed only when the home has several users.
   *  @throws `usage/input-needed` when it is missing, `usage/invalid` when there is no such user. */
  session(as: string | undefined, token: string | undefined): Promise<Session>
}
