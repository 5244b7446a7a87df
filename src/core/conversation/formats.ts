/** Every format that can be imported; a new one is a file of its own and a line here. */
import { aiStudio } from './ai-studio.ts'
import { chatbotUi } from './chatbot-ui.ts'
import { chatgpt } from './chatgpt.ts'
import { claudeAi } from './claude-ai.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { copilotChat } from './copilot-chat.ts'
import { copilotCli } from './copilot-cli.ts'
import { cursor } from './cursor.ts'
import { deepseek } from './deepseek.ts'
import type { ConversationFormat } from './format.ts'
import { geminiCli } from './gemini-cli.ts'
import { geminiTakeout } from './gemini-takeout.ts'
import { grok } from './grok.ts'
import { jan } from './jan.ts'
import { leChat } from './le-chat.ts'
import { libreChat } from './librechat.ts'
import { lmStudio } from './lm-studio.ts'
import { markdown } from './markdown.ts'
import { openWebui } from './open-webui.ts'
import { openAiMessages } from './openai-messages.ts'
import { perplexity } from './perplexity.ts'
import { shareGpt } from './sharegpt.ts'
import { vivim } from './vivim.ts'

export const FORMATS: readonly ConversationFormat[] = [
  chatgpt,
  claudeAi,
  claudeCode,
  geminiTakeout,
  aiStudio,
  grok,
  deepseek,
  leChat,
  perplexity,
  libreChat,
  lmStudio,
  openAiMessages,
  shareGpt,
  jan,
  chatbotUi,
  vivim,
  markdown,
  codex,
  geminiCli,
  copilotChat,
  copilotCli,
  openWebui,
  cursor,
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
