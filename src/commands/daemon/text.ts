/** A running daemon for people. */
import type { DaemonState } from './process.ts'

export const daemonText = (state: DaemonState): string =>
  [
    `vivimd ${state.changed ? 'is ready' : 'was running already'} (pid ${state.pid})`,
    `  socket  ${state.socket}`,
    ...state.addrs.map(addr => `  listens ${addr}/p2p/${state.peerId}`),
  ].join('\n')
