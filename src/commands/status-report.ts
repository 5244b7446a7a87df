/** Asks for the status and prints it. */
import { connect } from '../core/client/client.ts'
import type { Result } from '../core/contract/methods.ts'
import { reportFailure } from './failure.ts'
import { doorOf } from './session-file.ts'
import type { StatusFlags } from './status-flags.ts'

/** Print the status, or why there is none, and set the exit code. Never throws. */
export async function runStatus(flags: StatusFlags): Promise<void> {
  try {
    const status = await askStatus(flags)
    if (flags.json) process.stdout.write(`${JSON.stringify(status)}\n`)
    else {
      const { statusText } = await import('./text/status.ts')
      process.stdout.write(`${statusText(status)}\n`)
    }
  } catch (error) {
    reportFailure(error, flags.json)
  }
}

async function askStatus(flags: StatusFlags): Promise<Result<'system.status'>> {
  const { socket, token } = doorOf(flags)
  const client = await connect(socket, {
    as: flags.as,
    token,
    clientName: 'vivim status',
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
  })
  try {
    return await client.call('system.status', {}, { timeoutMs: flags.timeout })
  } finally {
    client.close()
  }
}
