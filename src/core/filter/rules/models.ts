/** Keys of model providers and of what stands around models. */
import type { Rule } from '../rule.ts'
import { token } from './pattern.ts'

export const modelRules: readonly Rule[] = [
  token('anthropic-key', 'sk-ant-', /sk-ant-[A-Za-z0-9_-]{20,255}/, { version: 2 }),
  token('openrouter-key', 'sk-or-', /sk-or-(?:v1-)?[A-Za-z0-9]{40,100}/),
  token('langfuse-key', 'sk-lf-', /sk-lf-[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}/),
  token('deepseek-key', 'sk-', /sk-[a-f0-9]{32}(?![A-Za-z0-9_-])/, { version: 2 }),
  token(
    'openai-key',
    'sk- sess-',
    /sk-(?!ant-|or-|lf-)(?:(?:proj|svcacct|admin|None|service)-[A-Za-z0-9_-]{20,255}|[A-Za-z0-9]{33,255}|[A-Za-z0-9]{20,31}(?![A-Za-z0-9_-])|[A-Za-z0-9_-]{8,80}T3BlbkFJ[A-Za-z0-9_-]{8,200})|sess-[A-Za-z0-9]{40}(?![A-Za-z0-9])/,
    { version: 2 },
  ),
  token('helicone-key', 'sk-helicone-', /sk-helicone-[a-z0-9-]{20,60}/),
  token('xai-key', 'xai-', /xai-[A-Za-z0-9]{40,120}/, { version: 2 }),
  token('groq-key', 'gsk_', /gsk_[A-Za-z0-9]{40,100}/, { version: 2 }),
  token('perplexity-key', 'pplx-', /pplx-[A-Za-z0-9]{40,100}/, { version: 2 }),
  token('huggingface-token', 'hf_ api_org_', /(?:hf_|api_org_)[A-Za-z0-9]{30,60}/, { version: 2 }),
  token('replicate-token', 'r8_', /r8_[A-Za-z0-9]{37,40}/, { version: 2 }),
  token('together-key', 'tgp_v1_', /tgp_v1_[A-Za-z0-9_-]{40,80}/),
  token('fireworks-key', 'fw_', /fw_[A-Za-z0-9]{20,40}(?![A-Za-z0-9_])/),
  token('cerebras-key', 'csk-', /csk-[a-z0-9]{40,60}/),
  token('nvidia-key', 'nvapi-', /nvapi-[A-Za-z0-9_-]{50,90}/),
  token('elevenlabs-key', 'sk_', /sk_[a-f0-9]{48}(?![A-Za-z0-9])/),
  token('langsmith-key', 'lsv2_ ls__', /lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}|ls__[a-f0-9]{32}/),
  token('pinecone-key', 'pcsk_', /pcsk_[A-Za-z0-9_]{40,90}/),
  token('voyage-key', 'pa-', /pa-[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/, {
    accepts: value => /\d/.test(value) && /[A-Z]/.test(value) && /[a-z]/.test(value.slice(3)),
  }),
  token('jina-key', 'jina_', /jina_[A-Za-z0-9_-]{50,70}/),
  token('tavily-key', 'tvly-', /tvly-(?:dev-|prod-)?[A-Za-z0-9_-]{24,50}/),
  token('firecrawl-key', 'fc-', /fc-[a-f0-9]{32}(?![A-Za-z0-9])/),
  token('brave-key', 'BSA', /BSA[A-Za-z0-9_-]{27,28}(?![A-Za-z0-9_-])/, {
    accepts: value => /\d/.test(value),
  }),
  token('wandb-key', 'wandb_v1_', /wandb_v1_[A-Za-z0-9_]{40,100}/),
  token('modal-token', 'ak- as-', /a[ks]-[A-Za-z0-9]{22}(?![A-Za-z0-9_-])/, {
    accepts: value => /\d/.test(value) && /[A-Z]/.test(value) && /[a-z]/.test(value.slice(3)),
  }),
  token('runpod-key', 'rpa_', /rpa_[A-Z0-9]{40,60}[a-z0-9]{0,10}/),
  token('deepl-key', ':fx', /[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}:fx(?![A-Za-z0-9])/, { back: 36 }),
  token('e2b-key', 'e2b_', /e2b_[a-f0-9]{40}/),
  token('composio-key', 'comp_', /comp_[A-Za-z0-9]{32}(?![A-Za-z0-9])/),
]
