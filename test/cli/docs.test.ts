// What README.md and docs/operating.md tell people to type works as it stands: every line of a ```console block after a prompt
// such as `alice$` is run by a shell, on that person's own fresh home.

import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Ended, ended, plainEnv, ROOT, VIVIM } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'
import { onTerminal } from '../kit/terminal.ts'

const PASSPHRASE = 'correct horse battery'

interface Line {
  who: string
  command: string
}

/** The commands of a document, in order. */
function commandsOf(file: string): Line[] {
  const text = readFileSync(join(ROOT, file), 'utf8')
  return [...text.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .trim()
      .split('\n')
      .flatMap(line => {
        const found = /^(\w+)\$ (.+)$/.exec(line)
        if (!found?.[1] || !found[2]) throw new Error(`${file}: not a prompt and a command: ${line}`)
        return [{ who: found[1], command: found[2] }]
      }),
  )
}

/** Commands that ask for a passphrase are typed on a terminal, all others in a shell. */
const asks = (command: string): boolean =>
  /^vivim (init|unlock|identity export) /.test(`${command} `) && !command.includes('--passphrase-file')

interface World {
  /** Run one line as a person would. */
  type(line: Line): Promise<Ended>
  /** The JSON of a command of ours, for what stands in capitals. */
  ask(who: string, args: string): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

/** A folder to type in, with `vivim` on the PATH and the examples beside. */
function world(t: Test): World {
  const folder = tempFolder(t)
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(join(bin, 'vivim'), `#!/bin/sh\nexec '${process.execPath}' '${VIVIM}' "$@"\n`)
  chmodSync(join(bin, 'vivim'), 0o755)
  cpSync(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true })
  writeFileSync(join(folder, 'alice.passphrase'), `${PASSPHRASE}\n`, { mode: 0o600 })
  const people = new Set<string>()
  const homeOf = (who: string) => join(folder, who)
  const shell = (who: string, command: string): Promise<Ended> =>
    ended(
      spawn('sh', ['-c', command], {
        cwd: folder,
        env: plainEnv({
          VIVIM_HOME: homeOf(who),
          XDG_STATE_HOME: join(folder, 'state'),
          PATH: `${bin}:${process.env.PATH ?? ''}`,
        }),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
  const terminal = async (who: string, command: string): Promise<Ended> => {
    const words = command.split(' ').slice(1)
    const path = words[0] === 'identity' ? [...words.slice(0, -1), join(folder, words.at(-1) ?? '')] : words
    const screen = onTerminal(t, [...path, '--home', homeOf(who)])
    for (const question of words[0] === 'unlock' ? ['Passphrase'] : ['Passphrase', 'Again']) {
      await screen.sees(question)
      screen.type(`${PASSPHRASE}\r`)
    }
    return { code: await screen.ended, out: screen.text(), err: '' }
  }
  const stop = async () => {
    for (const who of people) await shell(who, 'vivim daemon stop')
    people.clear()
  }
  t.teardown(stop)
  return {
    type({ who, command }) {
      people.add(who)
      return asks(command) ? terminal(who, command) : shell(who, command)
    },
    async ask(who, args) {
      const { out } = await shell(who, `vivim ${args} --json`)
      return JSON.parse(out)
    },
    stop,
  }
}

/** What a person reads off the screen: the newest share, the stranger's DID. */
async function filledIn(world: World, { who, command }: Line): Promise<Line> {
  let line = command
  if (/\bSHARE\b/.test(line)) {
    const { shares } = (await world.ask(who, 'share list')) as { shares: { shareId: string }[] }
    line = line.replace(/\bSHARE\b/, shares[0]?.shareId.slice(0, 6) ?? '')
  }
  if (/\bDID\b/.test(line)) {
    const { contacts } = (await world.ask(who, 'contact list')) as {
      contacts: { did: string; state: string }[]
    }
    line = line.replace(/\bDID\b/, contacts.find(one => one.state === 'stranger')?.did ?? '')
  }
  if (/\bPROPOSAL\b/.test(line)) {
    const { proposals } = (await world.ask(who, 'proposal list')) as { proposals: { proposalId: string }[] }
    line = line.replace(/\bPROPOSAL\b/, proposals[0]?.proposalId.slice(0, 6) ?? '')
  }
  return { who, command: line }
}

/** A word that what is printed must hold, by the beginning of the command. */
const SHOWN: readonly [string, RegExp][] = [
  ['vivim init', /did:key:/],
  ['vivim daemon start', /is ready/],
  ['vivim daemon restart', /is ready/],
  ['vivim daemon logs', /"level"/],
  ['vivim unlock', /[Uu]nlocked/],
  ['vivim lock', /[Ll]ocked/],
  ['vivim status', /vivimd|"daemon"/],
  ['vivim doctor', /master database/],
  ['vivim import', /chatgpt/],
  ['vivim conversation search', /rain|mosquito/i],
  ['vivim contact add', /bob/],
  ['vivim contact list', /did:key:/],
  ['vivim contact accept', /accepted/],
  ['vivim share preview', /Rain barrels/],
  ['vivim share create', /Everybody has it/],
  ['vivim share show', /acknowledged/],
  ['vivim share revoke', /back/],
  ['vivim inbox list', /Rain barrels/],
  ['vivim inbox open', /40 litres/],
  ['vivim circle invite team', /^$/],
  ['vivim circle invites', /\d of \d/],
  ['vivim circle', /team/],
  ['vivim audit list', /capability\.create/],
  ['vivim audit verify', /\d+:[0-9a-f]{64}/],
  ['vivim identity', /alice/],
  ['vivim rpc', /conversation/],
  ['vivim capability', /script|Took/],
  ['vivim proposal list', /waiting/],
  ['vivim proposal approve', /Shared/],
  ['vivim acu', /mosquito|40 litres/],
  ['vivim notebook show', /40 litres/],
  ['vivim notebook share', /Everybody has it/],
  ['vivim memory', /square metres|Sundays/],
  ['vivim bundle render', /40 litres/],
  ['vivim profile', /English/],
  ['vivim user create', /Made the user/],
  ['vivim user list', /operator/],
  ['vivim session open', /You are bob/],
  ['vivim session end', /Ended 1/],
  ['vivim user delete', /Removed/],
]

// The two stories wait more than they compute.
t.jobs = 2

for (const file of ['README.md', 'docs/operating.md'])
  t.test(`what ${file} shows can be typed as it stands`, async t => {
    const lines = commandsOf(file)
    t.ok(lines.length > 5, 'the document has commands')
    const there = world(t)
    for (const line of lines) {
      const { code, out, err } = await there.type(await filledIn(there, line))
      const said = `${line.who}$ ${line.command}`
      if (!t.equal(code, 0, said)) return t.comment(out + err)
      const wanted = SHOWN.find(([beginning]) => line.command.startsWith(beginning))?.[1]
      if (wanted) t.match(out, wanted, `${said}: what it prints`)
    }
    await there.stop()
  })
