/** Groups of the operating system, by name. */
import { readFileSync } from 'node:fs'

/** @returns the number of a group of this machine, or null. Directory services are not asked: there the number is given instead. */
export function groupId(name: string): number | null {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [known, , gid] = line.split(':')
    if (known === name && gid !== undefined && /^\d{1,10}$/.test(gid)) return Number(gid)
  }
  return null
}
