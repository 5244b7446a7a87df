/** Makes `test/vectors/vivim-v1/capability.json`: a chain of two links, a call by it, and a revocation. */
import { signCall } from '../../../src/core/capability/call.ts'
import { chainText, issueChain, narrowChain } from '../../../src/core/capability/chain.ts'
import { signRevocation } from '../../../src/core/capability/revocation.ts'
import { policyOf } from '../../../src/core/capability/rights.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { didFromKey } from '../../../src/core/identity/did.ts'
import { fromB64u, toHex } from '../../../src/core/kernel/bytes.ts'
import { CircleId } from '../../../src/core/model/id.ts'
import { fixedChance } from '../crypto/vector-file.ts'

const seedOf = (name: string): Uint8Array => fixedChance(`vivim-1 seed ${name}`).bytes(32)
const nonce = (name: string) => fixedChance(`vivim-1 nonce ${name}`)

export function capabilityVectors(): unknown {
  const [identity, device, script, agent] = ['identity', 'device', 'script', 'agent'].map(
    name => new Ed25519Key(seedOf(name)),
  ) as [Ed25519Key, Ed25519Key, Ed25519Key, Ed25519Key]
  const didOf = (key: Ed25519Key) => didFromKey(key.publicKey)
  const atMs = 1_790_000_000_000
  const document = { did: didOf(identity), hash: seedOf('document') }
  const circle = CircleId.parse('a'.repeat(26))
  const given = policyOf({
    commands: ['/vivim/share/propose', '/vivim/conversation/read'],
    people: { circles: [circle], contacts: [] },
    perDay: 5,
    uses: null,
  })
  const root = issueChain(
    { aud: didOf(script), ...given, expiresAtMs: atMs + 86_400_000, meta: { for: 'script' } },
    document,
    device,
    nonce('root'),
  )
  const chain = narrowChain(
    root,
    {
      aud: didOf(agent),
      cmd: '/vivim/share/propose',
      pol: [['<', '.uses.all', 20]],
      notBeforeMs: atMs,
      meta: { for: 'agent' },
    },
    script,
    nonce('link'),
  )
  const params = { conversation: 'tmcr', circles: ['team'], messages: '2' }
  const call = signCall('share.propose', params, { chain, key: agent }, atMs, nonce('call')) ?? ''
  return {
    seeds: Object.fromEntries(
      ['identity', 'device', 'script', 'agent'].map(name => [name, toHex(seedOf(name))]),
    ),
    document: toHex(document.hash),
    atMs,
    links: chain.links.map(link => ({
      iss: link.iss,
      aud: link.aud,
      sub: link.sub,
      cmd: link.cmd,
      pol: link.pol,
      nonce: toHex(link.nonce),
      nbfMs: link.notBeforeMs,
      expMs: link.expiresAtMs,
      cid: link.cid,
      bytes: toHex(link.bytes),
    })),
    text: chainText(chain),
    call: { method: 'share.propose', params, bytes: toHex(fromB64u(call)) },
    revocation: toHex(signRevocation(root.root.cid, device, nonce('revocation')).bytes),
  }
}
