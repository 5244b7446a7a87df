/** The status for people. */
import type { Result } from '../../core/contract/methods.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { count, size, span } from './amounts.ts'
import { style } from './style.ts'
import { facts } from './table.ts'

export function statusText(status: Result<'system.status'>): string {
  const { daemon, identity, network, queue, storage, warnings } = status
  const oldest = queue.oldestAgeMs === null ? '' : `, the oldest ${span(queue.oldestAgeMs)} old`
  const lines = [
    facts([
      [
        'vivimd',
        `${daemon.version}, up ${span(daemon.uptimeMs)}, ${size(daemon.rssBytes)}, pid ${daemon.pid}`,
      ],
      ...(identity === null
        ? []
        : ([
            ['identity', `${identity.name}, ${identity.unlocked ? 'unlocked' : 'locked'}`],
            ['did', identity.did],
          ] as const)),
      ['peer', network.peerId],
      ['addresses', network.addrs.length === 0 ? 'none' : network.addrs.join('  ')],
      ['peers', `${count(network.peers, 'connection')}, reachability ${network.reachability}`],
      ['queue', `${queue.pending} pending, ${queue.failed} failed${oldest}`],
      ['storage', `${storage.masterEngine}, ${size(storage.blocksBytes)} of sealed blocks`],
    ]),
  ]
  for (const warning of warnings) {
    const mark = warning.severity === 'error' ? style.red('✗') : style.yellow('!')
    lines.push(
      '',
      `${mark} ${visibleLine(warning.message)} ${style.dim(warning.code)}`,
      `  ${visibleLine(warning.hint)}`,
    )
  }
  return lines.join('\n')
}
