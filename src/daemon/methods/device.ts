/** RPC methods of the noun `device`. */
import type { Handlers } from '../../core/contract/methods.ts'
import type { Devices } from '../devices/devices.ts'
import type { JoiningService } from '../devices/joining.ts'
import type { Caller } from '../rpc/caller.ts'

export type DeviceMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `device.${string}`>>

export const makeDeviceMethods = (devices: Devices, joining: JoiningService): DeviceMethods => ({
  'device.list': caller => devices.list(caller.did),
  'device.add': (caller, p, signal) => joining.add(caller.did, p, signal),
  'device.joining': async () => joining.joining(),
  'device.approve': (caller, p) => devices.approve(caller.did, p),
  'device.revoke': (caller, p) => devices.revoke(caller.did, p),
})
