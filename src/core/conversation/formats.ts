/** Every format that can be imported; a new one is a file of its own and a line here. */
import { chatbotUi } from './chatbot-ui.ts'
import { chatgpt } from './chatgpt.ts'
import { claudeAi } from './claude-ai.ts'
import { claudeCode } from './claude-code.ts'
import type { ConversationFormat } from './format.ts'
import { jan } from './jan.ts'
import { libreChat } from './librechat.ts'
import { lmStudio } from './lm-studio.ts'
import { markdown } from './markdown.ts'
import { openAiMessages } from './openai-messages.ts'
import { shareGpt } from './sharegpt.ts'
import { vivim } from './vivim.ts'

export const FORMATS: readonly ConversationFormat[] = [
  chatgpt,
  claudeAi,
  claudeCode,
  libreChat,
  lmStudio,
  openAiMessages,
  shareGpt,
  jan,
  chatbotUi,
  vivim,
  markdown,
]

/** Less than this is no positive evidence. */
const SURE_ENOUGH = 0.3

/** The format that the first records are of, or null. */
export function detectFormat(sample: readonly unknown[]): ConversationFormat | null {
  let best: ConversationFormat | null = null
  let bestScore = SURE_ENOUGH
  for (const format of FORMATS) {
    const score = format.detect(sample)
    if (score > bestScore) {
      best = format
      bestScore = score
    }
  }
  return best
}
