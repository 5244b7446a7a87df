/** A person's way back: what they keep away from their devices, and a new home made from it. */
import { type LiveNode, type liveNode, newHome, type Recover } from './live-node.ts'

/** Of every export made here. */
export const EXPORT_PASSPHRASE = 'kept elsewhere'

/** Export an identity as `vivim identity export --words` does. */
export async function exported(node: LiveNode) {
  const { fileB64, sha256, words } = await node.call('identity.export', {
    passphrase: EXPORT_PASSPHRASE,
    words: true,
  })
  await node.call('identity.exported', { sha256 })
  if (words === null) throw new Error('the words were asked for')
  return { file: { fileB64, filePassphrase: EXPORT_PASSPHRASE }, words: words.join(' ') }
}

/** A new home for the same person, running. */
export async function recovered(
  t: Parameters<typeof liveNode>[0],
  name: string,
  recover: Partial<Recover>,
): Promise<LiveNode> {
  const node = await newHome(t, name, { recover })
  await node.start()
  return node
}
