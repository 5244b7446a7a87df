/** Where a node listens: the port that `init` chooses, and what happens at a start when it is taken. */
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { fromUtf8, utf8 } from '../core/kernel/bytes.ts'
import { hasCode } from '../core/kernel/errors.ts'
import { readSmall, writeDurable } from './durable-file.ts'
import { type HomePaths, keepPorts, withKeptPorts } from './home.ts'

const DEFAULT_PORT = 4747
/** So many homes on one machine find a port near the default one. */
const PORTS_TRIED = 100
const CONFIG_MAX_BYTES = 256 * 1024

/** Port 4747 or the next that nobody listens on. It is bound for the moment of the question only. */
export async function defaultListen(): Promise<string> {
  for (let port = DEFAULT_PORT; port < DEFAULT_PORT + PORTS_TRIED; port++)
    if ((await freePort(port)) !== null) return `/ip4/0.0.0.0/tcp/${port}`
  return `/ip4/0.0.0.0/tcp/${(await freePort(0)) ?? 0}`
}

/** @param port - 0 for any. @returns the port when it could be bound, else null. */
const freePort = (port: number): Promise<number | null> =>
  new Promise(done => {
    const server = createServer()
    server.once('error', () => done(null))
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : port))
    })
  })

/** Another home may have taken the port that `init` chose before this one ever ran. No card names it yet, so another is chosen
 *  and written down. A port that was used before is never moved. @returns null where the configuration says something else. */
async function moveDefault(paths: HomePaths, listen: readonly string[]): Promise<string[] | null> {
  const [only] = listen
  const port = Number(/^\/ip4\/0\.0\.0\.0\/tcp\/(\d+)$/.exec(only ?? '')?.[1])
  if (only === undefined || listen.length > 1 || !(port >= DEFAULT_PORT && port < DEFAULT_PORT + PORTS_TRIED))
    return null
  const config = readSmall(paths.config, CONFIG_MAX_BYTES)
  const text = config === null ? '' : fromUtf8(config)
  if (!text.includes(`"${only}"`)) return null
  const next = await defaultListen()
  writeDurable(paths.config, utf8(text.replace(`"${only}"`, `"${next}"`)))
  return [next]
}

/** Start what listens: first on the ports of the last start, then on what is configured; at the very first start also on another
 *  port than the default one. @throws `daemon/port-in-use` and whatever `start` throws. */
export async function startListening<T>(
  paths: HomePaths,
  configured: readonly string[],
  start: (listen: string[]) => Promise<T>,
  bound: (started: T) => string[],
): Promise<T> {
  const isFirst = !existsSync(paths.network)
  const kept = withKeptPorts(paths, configured)
  const started = await start(kept).catch(async error => {
    if (!hasCode(error, 'daemon/port-in-use')) throw error
    if (kept.join() !== configured.join()) return start([...configured])
    const moved = isFirst ? await moveDefault(paths, configured) : null
    if (moved === null) throw error
    return start(moved)
  })
  keepPorts(paths, configured, bound(started))
  return started
}
