/** Every command by its id, loaded when it is run: no command brings another's code. */
import type { Command } from '@oclif/core'

type Loader = () => Promise<{ default: Command.Class }>

const LOADERS: Readonly<Record<string, Loader>> = {
  init: () => import('./init.ts'),
  status: () => import('./status.ts'),
  unlock: () => import('./unlock.ts'),
  lock: () => import('./lock.ts'),
  doctor: () => import('./doctor.ts'),
  rpc: () => import('./rpc.ts'),
  import: () => import('./import.ts'),
  'daemon:start': () => import('./daemon/start.ts'),
  'daemon:stop': () => import('./daemon/stop.ts'),
  'daemon:restart': () => import('./daemon/restart.ts'),
  'daemon:logs': () => import('./daemon/logs.ts'),
  'peer:list': () => import('./peer/list.ts'),
  'peer:connect': () => import('./peer/connect.ts'),
  'peer:block': () => import('./peer/block.ts'),
  'peer:unblock': () => import('./peer/unblock.ts'),
  'conversation:list': () => import('./conversation/list.ts'),
  'conversation:show': () => import('./conversation/show.ts'),
  'conversation:search': () => import('./conversation/search.ts'),
  'conversation:export': () => import('./conversation/export.ts'),
  'conversation:delete': () => import('./conversation/delete.ts'),
  'acu:list': () => import('./acu/list.ts'),
  'acu:show': () => import('./acu/show.ts'),
  'acu:search': () => import('./acu/search.ts'),
  'notebook:create': () => import('./notebook/create.ts'),
  'notebook:list': () => import('./notebook/list.ts'),
  'notebook:show': () => import('./notebook/show.ts'),
  'notebook:add': () => import('./notebook/add.ts'),
  'notebook:remove': () => import('./notebook/remove.ts'),
  'notebook:delete': () => import('./notebook/delete.ts'),
  'notebook:share': () => import('./notebook/share.ts'),
  'bundle:create': () => import('./bundle/create.ts'),
  'bundle:list': () => import('./bundle/list.ts'),
  'bundle:show': () => import('./bundle/show.ts'),
  'bundle:add': () => import('./bundle/add.ts'),
  'bundle:remove': () => import('./bundle/remove.ts'),
  'bundle:render': () => import('./bundle/render.ts'),
  'bundle:delete': () => import('./bundle/delete.ts'),
  'bundle:share': () => import('./bundle/share.ts'),
  'memory:add': () => import('./memory/add.ts'),
  'memory:list': () => import('./memory/list.ts'),
  'memory:show': () => import('./memory/show.ts'),
  'memory:edit': () => import('./memory/edit.ts'),
  'memory:accept': () => import('./memory/accept.ts'),
  'memory:reject': () => import('./memory/reject.ts'),
  'memory:remove': () => import('./memory/remove.ts'),
  'memory:propose': () => import('./memory/propose.ts'),
  'profile:show': () => import('./profile/show.ts'),
  'profile:set': () => import('./profile/set.ts'),
  'profile:unset': () => import('./profile/unset.ts'),
  'contact:card': () => import('./contact/card.ts'),
  'contact:add': () => import('./contact/add.ts'),
  'contact:list': () => import('./contact/list.ts'),
  'contact:show': () => import('./contact/show.ts'),
  'contact:verify': () => import('./contact/verify.ts'),
  'contact:follow': () => import('./contact/follow.ts'),
  'contact:accept': () => import('./contact/accept.ts'),
  'contact:block': () => import('./contact/block.ts'),
  'contact:remove': () => import('./contact/remove.ts'),
  'identity:show': () => import('./identity/show.ts'),
  'identity:export': () => import('./identity/export.ts'),
  'identity:import': () => import('./identity/import.ts'),
  'identity:renew': () => import('./identity/renew.ts'),
  'identity:move': () => import('./identity/move.ts'),
  'session:open': () => import('./session/open.ts'),
  'session:list': () => import('./session/list.ts'),
  'session:end': () => import('./session/end.ts'),
  'user:create': () => import('./user/create.ts'),
  'user:list': () => import('./user/list.ts'),
  'user:delete': () => import('./user/delete.ts'),
  'user:migrate': () => import('./user/migrate.ts'),
  'device:list': () => import('./device/list.ts'),
  'device:add': () => import('./device/add.ts'),
  'device:approve': () => import('./device/approve.ts'),
  'device:revoke': () => import('./device/revoke.ts'),
  'circle:create': () => import('./circle/create.ts'),
  'circle:list': () => import('./circle/list.ts'),
  'circle:show': () => import('./circle/show.ts'),
  'circle:add': () => import('./circle/add.ts'),
  'circle:remove': () => import('./circle/remove.ts'),
  'circle:leave': () => import('./circle/leave.ts'),
  'circle:role': () => import('./circle/role.ts'),
  'circle:rename': () => import('./circle/rename.ts'),
  'circle:invite': () => import('./circle/invite.ts'),
  'circle:invites': () => import('./circle/invites.ts'),
  'circle:uninvite': () => import('./circle/uninvite.ts'),
  'circle:join': () => import('./circle/join.ts'),
  'circle:describe': () => import('./circle/describe.ts'),
  'circle:history': () => import('./circle/history.ts'),
  'circle:transfer': () => import('./circle/transfer.ts'),
  'circle:close': () => import('./circle/close.ts'),
  'circle:rotate': () => import('./circle/rotate.ts'),
  'share:preview': () => import('./share/preview.ts'),
  'share:create': () => import('./share/create.ts'),
  'share:list': () => import('./share/list.ts'),
  'share:show': () => import('./share/show.ts'),
  'share:watch': () => import('./share/watch.ts'),
  'share:revoke': () => import('./share/revoke.ts'),
  'share:stop-reshare': () => import('./share/stop-reshare.ts'),
  'share:retry': () => import('./share/retry.ts'),
  'share:verify': () => import('./share/verify.ts'),
  'share:propose': () => import('./share/propose.ts'),
  'proposal:list': () => import('./proposal/list.ts'),
  'proposal:show': () => import('./proposal/show.ts'),
  'proposal:approve': () => import('./proposal/approve.ts'),
  'proposal:reject': () => import('./proposal/reject.ts'),
  'capability:create': () => import('./capability/create.ts'),
  'capability:attenuate': () => import('./capability/attenuate.ts'),
  'capability:show': () => import('./capability/show.ts'),
  'capability:list': () => import('./capability/list.ts'),
  'capability:revoke': () => import('./capability/revoke.ts'),
  scan: () => import('./scan.ts'),
  'filter:list': () => import('./filter/list.ts'),
  'filter:deny:add': () => import('./filter/deny/add.ts'),
  'filter:deny:remove': () => import('./filter/deny/remove.ts'),
  'filter:allow:add': () => import('./filter/allow/add.ts'),
  'filter:allow:remove': () => import('./filter/allow/remove.ts'),
  'inbox:list': () => import('./inbox/list.ts'),
  'inbox:open': () => import('./inbox/open.ts'),
  'inbox:reshare': () => import('./inbox/reshare.ts'),
  'inbox:forget': () => import('./inbox/forget.ts'),
  'audit:list': () => import('./audit/list.ts'),
  'audit:verify': () => import('./audit/verify.ts'),
}

/** oclif's explicit map: command id (words joined by a colon) to class. Holds what `loadCommand` brought. */
export const COMMANDS: Record<string, Command.Class> = {}

/** Load the command that these arguments name, if any: the longest run of words that is an id. */
export async function loadCommand(argv: readonly string[]): Promise<void> {
  const end = argv.findIndex(word => word.startsWith('-'))
  const words = (end < 0 ? argv : argv.slice(0, end)).flatMap(word => word.split(':'))
  for (let length = Math.min(words.length, 3); length > 0; length -= 1) {
    const id = words.slice(0, length).join(':')
    if (!Object.hasOwn(LOADERS, id)) continue
    await load(id)
    return
  }
}

/** Load all of them, for the manifest. */
export async function loadAllCommands(): Promise<void> {
  for (const id of Object.keys(LOADERS)) await load(id)
}

async function load(id: string): Promise<void> {
  const module = await LOADERS[id]?.()
  if (module !== undefined) COMMANDS[id] = module.default
}
