/** `vivim conversation export`. */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Args, Flags } from '@oclif/core'
import type { Client } from '../../core/client/client.ts'
import type { Result } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { count } from '../text/amounts.ts'

type Asset = Result<'conversation.export'>['assets'][number]

export default class ConversationExport extends VivimCommand {
  static override summary = 'Print one conversation as Markdown, or as JSON that `import` reads back.'
  static override description =
    'Markdown shows the active branch without what is hidden. JSON holds everything and names images and attachments by their SHA-256; --assets writes those out.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2 > tea.md',
    '<%= config.bin %> <%= command.id %> k7x2 --format json > tea.json',
    '<%= config.bin %> <%= command.id %> k7x2 --assets tea-files > tea.md',
  ]
  static override args = {
    conversation: Args.string({ required: true, description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    format: Flags.option({ options: ['markdown', 'json'] as const, default: 'markdown' })({
      description: 'what to write',
    }),
    assets: Flags.string({
      helpValue: 'DIR',
      description: 'also write images and attachments to this folder',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConversationExport)
    const folder = flags.assets
    const client = await this.connect(flags)
    try {
      const result = await client.call('conversation.export', {
        conversation: args.conversation,
        format: flags.format,
        ...(folder === undefined ? {} : { assetFolder: folder }),
      })
      if (folder !== undefined && result.assets.length > 0) {
        await mkdir(folder, { recursive: true })
        for (const asset of result.assets) await writeAsset(client, result.id, asset, folder)
        this.remark(flags, `Wrote ${count(result.assets.length, 'file')} to ${visibleLine(folder)}.`)
      }
      // A file gets the text as it is; only a terminal would obey what is hidden in it.
      this.show(flags, result, ({ text }) =>
        (process.stdout.isTTY === true ? visibleText(text) : text).replace(/\n$/, ''),
      )
    } finally {
      client.close()
    }
  }
}

/** One file, piece by piece; whole under its name, or not there at all. */
async function writeAsset(client: Client, conversation: string, asset: Asset, folder: string): Promise<void> {
  const { sha256 } = asset
  const path = join(folder, asset.name)
  const part = `${path}.part`
  const hash = createHash('sha256')
  const file = await open(part, 'w', 0o600)
  try {
    for (let offset = 0; ; ) {
      const { dataB64 } = await client.call('conversation.asset', { conversation, sha256, offset })
      const bytes = Buffer.from(dataB64, 'base64')
      if (bytes.length === 0) break
      hash.update(bytes)
      await file.writev([bytes])
      offset += bytes.length
    }
    if (hash.digest('hex') !== sha256)
      throw new VivimError('storage/corrupt', `the bytes of ${asset.name} are not what they were`)
    await rename(part, path)
  } finally {
    await file.close()
    await rm(part, { force: true })
  }
}
