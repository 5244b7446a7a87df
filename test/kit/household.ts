/** Several people on one daemon: its group socket, sessions opened with their passphrases, and each of them as a person with a node. */
import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { type Client, connect } from '../../src/core/client/client.ts'
import type { MethodName, Params, Result } from '../../src/core/contract/methods.ts'
import { tempFolder } from './home.ts'
import { type LiveNode, type LiveNodeOptions, newHome, PATIENCE_MS } from './live-node.ts'

/** One of the people of a daemon; everything a person with a node of their own can do in tests, but stopping it. */
export type Resident = LiveNode & { readonly token: string }

export interface Household {
  readonly node: LiveNode
  readonly socket: string
  readonly monitor: string
  /** The operator, on the owner's socket. */
  operator(): Promise<Resident>
  /** Make a user and open a session of theirs on the group socket. */
  resident(name: string): Promise<Resident>
  /** Connect to a socket of the node; hung up with the test. */
  dial(options?: { socket?: string; as?: string; token?: string }): Promise<Client>
}

const passphraseOf = (name: string): string => `the passphrase of ${name}`

/** Make a home with a group socket and start its daemon. */
export async function household(
  t: Test,
  operator: string,
  options: LiveNodeOptions = {},
): Promise<Household> {
  const node = await newHome(t, operator, options)
  const socket = join(tempFolder(t), 'group', 'vivim.sock')
  const monitor = join(node.home, 'run', 'monitor.sock')
  mkdirSync(dirname(socket), { mode: 0o755 })
  appendFileSync(
    join(node.home, 'config.toml'),
    `\n[sockets]\ngroup = ${process.getgid?.() ?? 0}\npath = "${socket}"\nmonitor = true\n`,
  )
  const { socket: own } = await node.start()

  async function dial(to: { socket?: string; as?: string; token?: string } = {}): Promise<Client> {
    const { socket: path = socket, ...who } = to
    const client = await connect(path, { clientName: 'test', ...who })
    t.teardown(() => client.close())
    return client
  }

  function person(name: string, did: string, client: Client, token: string): Resident {
    return Object.create(node, {
      name: { value: name },
      did: { value: did },
      token: { value: token },
      call: {
        value: <M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> =>
          client.call(method, params, { timeoutMs: PATIENCE_MS }),
      },
      logged: { value: node.logged.bind(node) },
    })
  }

  return {
    node,
    socket,
    monitor,
    dial,
    async operator() {
      const client = await dial({ socket: own, as: operator })
      return person(operator, client.hello.user?.did ?? '', client, '')
    },
    async resident(name) {
      const { did } = await node.call('user.create', { name, passphrase: passphraseOf(name) })
      const guest = await dial()
      const { token } = await guest.call('session.open', {
        as: name,
        passphrase: passphraseOf(name),
        unlock: true,
      })
      guest.close()
      return person(name, did, await dial({ token }), token)
    },
  }
}

export { passphraseOf }
