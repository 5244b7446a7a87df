// The main job, told as a story: two real nodes on this machine, one conversation shared between them, then taken back.
// It only uses the command line, as a person would. Ends with 0 when every step did what it says.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const vivim = join(root, 'bin', 'vivim.js')
const work = mkdtempSync(join(tmpdir(), 'vivim-quickstart-'))
const homes = { alice: join(work, 'alice'), bob: join(work, 'bob') }
const STEP_TIMEOUT_MS = 90_000

const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = code => text => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
const bold = paint('1')
const dim = paint('2')
const green = paint('32')
const red = paint('31')
const cyan = paint('36')

const env = { ...process.env }
for (const name of Object.keys(env)) if (name.startsWith('VIVIM_')) delete env[name]

/** The child that a step waits for, so that an interrupt can end it. */
let child = null

/** Run one command as `who`. @returns its exit code and what it printed. */
function run(who, args, { input } = {}) {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [vivim, ...args, '--home', homes[who], '--json', '--no-input'], {
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child = process_
    const timer = setTimeout(() => process_.kill('SIGKILL'), STEP_TIMEOUT_MS)
    let out = ''
    let err = ''
    process_.stdout.on('data', data => {
      out += data
    })
    process_.stderr.on('data', data => {
      err += data
    })
    process_.on('error', reject)
    process_.on('close', code => {
      clearTimeout(timer)
      child = null
      resolve({ code, out, err })
    })
    process_.stdin.on('error', () => {})
    process_.stdin.end(input ?? '')
  })
}

const lastError = err => {
  try {
    return JSON.parse(err.trim().split('\n').at(-1)).error
  } catch {
    return null
  }
}

/** Run a command that must end with `exit`; shows what a person would type. @returns its JSON, or its error's. */
async function vivimAs(who, args, { exit = 0, show = args, input } = {}) {
  console.log(`  ${cyan(who.padEnd(5))} ${dim('$')} vivim ${show.map(quoted).join(' ')}`)
  const began = performance.now()
  const { code, out, err } = await run(who, args, { input })
  const ms = Math.round(performance.now() - began)
  if (code !== exit) {
    console.error(red(`        ended with ${code} instead of ${exit} after ${ms} ms`))
    console.error(err.trim() || out.trim())
    throw new Error('a step of the quickstart failed')
  }
  const result = exit === 0 ? JSON.parse(out) : lastError(err)
  return { result, ms }
}

const quoted = word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
const tell = (text, ms) =>
  console.log(`        ${green('✓')} ${text}${ms === undefined ? '' : dim(` (${ms} ms)`)}`)
let chapterNumber = 0
const chapter = title => console.log(`\n${bold(`${++chapterNumber}. ${title}`)}`)
const short = id => `${id.slice(0, 8)}…`
const must = (condition, what) => {
  if (!condition) throw new Error(`expected ${what}`)
}

async function story() {
  console.log(bold('VIVIM in two minutes: alice shares a conversation with bob, from her node to his.'))
  console.log(dim(`Both homes are in ${work} and go away at the end.`))

  chapter('Two people, two nodes')
  for (const who of ['alice', 'bob']) {
    const made = await vivimAs(who, [
      'init',
      '--name',
      who,
      '--no-passphrase',
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
    ])
    tell(`${who} is ${short(made.result.did.slice('did:key:'.length))}`, made.ms)
    const started = await vivimAs(who, ['daemon', 'start'])
    tell(`vivimd runs as process ${started.result.pid} and listens on ${started.result.addrs[0]}`, started.ms)
  }

  chapter('What alice has')
  const examples = join(root, 'examples')
  const imported = await vivimAs('alice', ['import', examples], {
    show: ['import', relative(root, examples)],
  })
  const { totals } = imported.result
  must(totals.imported === 3, 'three conversations')
  tell(
    `${totals.imported} conversations from ${imported.result.files
      .map(file => file.format)
      .filter(Boolean)
      .join(' and ')}`,
    imported.ms,
  )
  const again = await vivimAs('alice', ['import', examples], { show: ['import', relative(root, examples)] })
  must(
    again.result.totals.unchanged === 3 && again.result.totals.imported === 0,
    'nothing new the second time',
  )
  tell('a second import changes nothing', again.ms)
  const found = await vivimAs('alice', ['conversation', 'search', 'mosquito'])
  must(found.result.hits.length > 0, 'a hit for "mosquito"')
  tell(
    `found in “${found.result.hits[0].title}”: ${found.result.hits[0].snippet.replaceAll('\n', ' ').slice(0, 70)}`,
    found.ms,
  )
  const conversation = found.result.hits[0].conversationId

  chapter('How alice finds bob')
  const card = await vivimAs('bob', ['contact', 'card'])
  tell(`one line to send by any way: ${card.result.card.slice(0, 28)}…`, card.ms)
  const contact = await vivimAs('alice', ['contact', 'add', '-', '--name', 'bob'], {
    input: `${card.result.card}\n`,
  })
  must(contact.result.reachable, 'bob to be reachable')
  tell('bob is a contact, and his node answers', contact.ms)
  await vivimAs('alice', ['circle', 'create', 'team'])
  const circle = await vivimAs('alice', ['circle', 'add', 'team', 'bob'])
  tell(
    `circle “team”: ${circle.result.members.map(member => `${member.name} (${member.state})`).join(', ')}`,
    circle.ms,
  )

  chapter('What would leave')
  const preview = await vivimAs('alice', ['share', 'preview', conversation, '--circle', 'team'])
  const { withheld } = preview.result
  tell(
    `${preview.result.messages.length} messages, ${preview.result.findings.length} findings; ` +
      `${withheld.tools} tool messages and ${withheld.hidden} hidden ones stay here`,
    preview.ms,
  )

  chapter('Sealed, queued, delivered, acknowledged')
  const shared = await vivimAs('alice', [
    'share',
    'create',
    conversation,
    '--circle',
    'team',
    '--yes',
    '--expect-digest',
    preview.result.digest,
    '--wait',
    'acknowledged',
  ]) // prettier-ignore
  must(shared.result.recipients.acknowledged === 1, 'an acknowledgement')
  const { shareId } = shared.result
  tell(`share ${short(shareId)} is ${shared.result.state}; bob's node acknowledged it`, shared.ms)

  chapter('Bob does not know alice yet')
  const held = await vivimAs('bob', ['inbox', 'list'])
  must(held.result.items[0]?.state === 'held', 'a held item')
  tell('his node keeps what a stranger sent, sealed, and shows it as held', held.ms)
  const refused = await vivimAs('bob', ['inbox', 'open', shareId], { exit: 4 })
  tell(`opening says ${refused.result.code}: ${refused.result.hint}`, refused.ms)
  const did = held.result.items[0].from.did
  const accepted = await vivimAs('bob', ['contact', 'accept', did, '--name', 'alice'])
  tell(`alice is ${accepted.result.state} to bob now`, accepted.ms)

  chapter('Bob reads, and alice need not be there')
  const stopped = await vivimAs('alice', ['daemon', 'stop'])
  tell("alice's daemon is stopped", stopped.ms)
  const opened = await vivimAs('bob', ['inbox', 'open', shareId])
  must(opened.result.verified === true, 'a verified owner')
  const same = opened.result.conversation.messages.every(
    (message, at) => message.text === preview.result.messages[at]?.text,
  )
  must(same && opened.result.conversation.messages.length === preview.result.messages.length, 'the same text')
  tell(`“${opened.result.conversation.title}” by alice, signature verified, the text as previewed`, opened.ms)
  const bobFound = await vivimAs('bob', ['conversation', 'search', 'mosquito'])
  must(bobFound.result.hits[0]?.conversationId === shareId, 'the share among the hits')
  tell('what bob opened is found by his own search', bobFound.ms)

  chapter('Bob is away')
  await vivimAs('alice', ['daemon', 'start'])
  await vivimAs('bob', ['daemon', 'stop'])
  const queued = await vivimAs('alice', [
    'share',
    'create',
    conversation,
    '--messages',
    '1-2',
    '--to',
    'bob',
    '--yes',
  ])
  tell(
    `share ${short(queued.result.shareId)} is ${queued.result.state}; alice goes on with her day`,
    queued.ms,
  )
  await vivimAs('bob', ['daemon', 'start'])
  const arrived = await vivimAs('bob', ['inbox', 'list', '--wait', '60s'])
  must(
    arrived.result.items.some(item => item.shareId === queued.result.shareId),
    'the queued share',
  )
  tell('it arrived by itself when bob came back', arrived.ms)

  chapter('Taken back')
  const revoked = await vivimAs('alice', ['share', 'revoke', shareId])
  tell(`the share is ${revoked.result.state}; a signed tombstone is on its way`, revoked.ms)
  await gone('bob', shareId)
  const after = await vivimAs('bob', ['conversation', 'search', 'mosquito'])
  must(
    after.result.hits.every(hit => hit.conversationId !== shareId),
    'no hit from the revoked share',
  )
  tell("it is gone from bob's inbox, blocks and index", after.ms)
  console.log(dim('        What bob read he may remember: no program takes that back, and VIVIM says so.'))
}

/** Wait until opening says that the share is gone; the tombstone needs a moment to cross. */
async function gone(who, shareId) {
  const began = performance.now()
  while (performance.now() - began < 30_000) {
    const { code, err } = await run(who, ['inbox', 'open', shareId])
    if (code === 7) {
      console.log(`  ${cyan(who.padEnd(5))} ${dim('$')} vivim inbox open ${shareId}`)
      tell(`exit 7, ${lastError(err)?.code}`, Math.round(performance.now() - began))
      return
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error('the tombstone did not arrive within 30 s')
}

let cleaned = false
function cleanUp() {
  if (cleaned) return
  cleaned = true
  child?.kill('SIGKILL')
  for (const home of Object.values(homes))
    spawnSync(process.execPath, [vivim, 'daemon', 'stop', '--home', home, '--quiet'], {
      env,
      timeout: 20_000,
      stdio: 'ignore',
    })
  rmSync(work, { recursive: true, force: true })
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) // prettier-ignore
  process.on(signal, () => {
    console.error(`\n${signal}: stopping both nodes and removing their homes.`)
    cleanUp()
    process.exit(code)
  })

const began = performance.now()
let failed = false
try {
  await story()
} catch (error) {
  failed = true
  console.error(red(`\nThe quickstart failed: ${error.message}`))
} finally {
  cleanUp()
}
if (!failed) {
  console.log(
    `\n${bold('Done')} in ${Math.round((performance.now() - began) / 1000)} s. To go on by yourself, with your own home and your own exports:\n`,
  )
  for (const line of [
    'npm install --global .             # or run bin/vivim.js from here',
    'vivim init --name YOUR-NAME        # asks for a passphrase',
    'vivim daemon start',
    'vivim import conversations.json    # a ChatGPT or Claude.ai export, or ~/.claude/projects',
    'vivim contact card                 # give this line to a friend; `vivim contact add -` takes theirs',
    'vivim share preview CONVERSATION   # see what would leave',
    'vivim share create CONVERSATION --to FRIEND',
  ])
    console.log(`  ${line}`)
}
process.exit(failed ? 1 : 0)
