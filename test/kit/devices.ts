/** Several nodes for one person. */
import type { Test } from 'tap'
import { type LiveNode, type LiveNodeOptions, liveNode } from './live-node.ts'

/** A new home that asks to be a device of whoever lives on `old`. @returns the node and the code that it shows. */
export async function asking(
  t: Test,
  old: LiveNode,
  name: string,
  options: LiveNodeOptions = {},
): Promise<{ node: LiveNode; code: string }> {
  const node = await liveNode(t, name, options)
  const { card } = await old.call('contact.card', {})
  const { passphrase } = options
  const { code } = await node.call('device.add', {
    card,
    name,
    ...(passphrase === undefined ? {} : { passphrase }),
  })
  if (code === null) throw new Error(`${name} shows no code`)
  return { node, code }
}

/** Make a new node a device of whoever lives on `old`, and wait until both know. */
export async function pairedDevice(
  t: Test,
  old: LiveNode,
  name: string,
  { history = false, ...options }: LiveNodeOptions & { history?: boolean } = {},
): Promise<LiveNode> {
  const { node, code } = await asking(t, old, name, options)
  await old.call('device.approve', { code, history })
  await joined(node, old)
  return node
}

/** Wait until a node that asked is a device of whoever lives on `old`, and was brought up to date. */
export async function joined(node: LiveNode, old: LiveNode): Promise<void> {
  await node.logged('device.joining-ended', { state: 'approved' })
  await node.becomes(old.did)
  await node.logged('device.synced', { did: old.did })
}
