/** A network of its own for a test: a bridge and a network namespace for each machine on it (Linux, root, iproute2). */
import { execFileSync } from 'node:child_process'
import type { Test } from 'tap'

export interface Lan {
  /** What runs a command on a machine. */
  on(machine: string): string[]
  /** Its IPv4 address now. */
  address(machine: string): string
  /** Give a machine another address. */
  move(machine: string): string
  /** Let no packet pass between two machines, in either direction. */
  cut(one: string, other: string): void
  mend(one: string, other: string): void
}

const ip = (...args: string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** @returns null where no namespaces can be made: not Linux, not root, or no iproute2. */
export function lan(t: Test, machines: readonly string[]): Lan | null {
  const tag = `vv${process.pid}`
  const space = (machine: string): string => `${tag}-${machine}`
  const made: string[] = []
  t.teardown(() => {
    for (const name of made) ip('netns', 'del', name)
  })
  const make = (name: string): void => {
    ip('netns', 'add', name)
    made.push(name)
    ip('-n', name, 'link', 'set', 'lo', 'up')
  }
  const addresses = new Map<string, string>()
  const hub = space('hub')
  let last = 1
  const assign = (machine: string): string => {
    const address = `10.77.0.${++last}`
    ip('-n', space(machine), 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    addresses.set(machine, address)
    return address
  }
  try {
    make(hub)
    ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge')
    ip('-n', hub, 'link', 'set', 'br0', 'up')
    for (const machine of machines) {
      make(space(machine))
      const link = ['link', 'add', 'eth0', 'netns', space(machine), 'type', 'veth']
      ip(...link, 'peer', 'name', machine, 'netns', hub)
      ip('-n', hub, 'link', 'set', machine, 'master', 'br0', 'up')
      ip('-n', space(machine), 'link', 'set', 'eth0', 'up')
      assign(machine)
      // Multicast leaves by the only interface there is.
      ip('-n', space(machine), 'route', 'add', 'default', 'dev', 'eth0')
    }
  } catch {
    return null
  }
  const address = (machine: string): string => addresses.get(machine) ?? ''
  const route = (verb: 'add' | 'del', one: string, other: string): void => {
    ip('-n', space(one), 'route', verb, 'blackhole', `${address(other)}/32`)
    ip('-n', space(other), 'route', verb, 'blackhole', `${address(one)}/32`)
  }
  return {
    on: machine => ['ip', 'netns', 'exec', space(machine)],
    address,
    move(machine) {
      ip('-n', space(machine), 'addr', 'del', `${address(machine)}/24`, 'dev', 'eth0')
      const moved = assign(machine)
      ip('-n', space(machine), 'route', 'replace', 'default', 'dev', 'eth0')
      return moved
    },
    cut: (one, other) => route('add', one, other),
    mend: (one, other) => route('del', one, other),
  }
}
