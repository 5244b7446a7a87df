/** Yamux as this node runs it. Some of its frames belong to nobody's call: what opens a stream, grants room, answers a ping, says goodbye
 *  is sent from a microtask or an event, where an error has no one to go to and would end the process. A connection that is closing
 *  refuses to send, and when it closes is the other side's to choose. */
import { yamux } from '@libp2p/yamux'

/** Frames with somebody's bytes in them; whoever sends those is told when it fails. */
const DATA = 0

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>
type SendFrame = (header: { type: number }, data?: unknown) => boolean

/** Frames other than data that cannot be sent any more are lost without a word: the end of the connection follows them. */
function calm(muxer: Muxer): Muxer {
  const inner = muxer as unknown as { sendFrame: SendFrame }
  const send = inner.sendFrame.bind(inner)
  inner.sendFrame = (header, data) => {
    try {
      return send(header, data)
    } catch (error) {
      if (header.type === DATA) throw error
      return true
    }
  }
  return muxer
}

/** As `yamux`, with every muxer that it makes calmed. */
export function calmYamux(init: Parameters<typeof yamux>[0]): ReturnType<typeof yamux> {
  const make = yamux(init)
  return () => {
    const factory = make()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = connection => calm(create(connection))
    return factory
  }
}
