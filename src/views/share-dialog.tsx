/** The share dialog: who, what they may do, until when, and a look at what would leave before it does. */
import { Box, Text, useInput } from 'ink'
import { useState } from 'react'
import type { ChoiceItem } from './choice-list.tsx'
import { type AudienceCandidate, CircleSelector } from './circle-selector.tsx'
import { EXPIRIES, PERMISSIONS, PrivacyManager } from './privacy-manager.tsx'
import { lastScroll, type PreviewShown, SharePreview } from './share-preview.tsx'

/** What the user decided; `to` and `circles` hold the keys of the candidates. */
export interface ShareChoice {
  to: string[]
  circles: string[]
  allow: string[]
  expires: string
}

export interface ShareDialogProps {
  candidates: readonly AudienceCandidate[]
  initial: ShareChoice
  /** The preview of the choice that was last asked for, or null while it is being made. */
  preview: PreviewShown | null
  /** Why there is no preview. */
  problem: string | null
  /** What no program can promise, said where the user decides. */
  caveat: string
  /** The audience or terms were chosen: make the preview for them. */
  onChoice(choice: ShareChoice): void
  onShare(choice: ShareChoice): void
  onCancel(): void
  onInterrupt(): void
}

const STEPS = ['audience', 'permissions', 'expiry', 'preview'] as const
type Step = (typeof STEPS)[number]

const hasAudience = (choice: ShareChoice) => choice.to.length + choice.circles.length > 0

/** Show on: choose a circle or contact, or go on from what the command line gave. */
export function ShareDialog(props: ShareDialogProps) {
  const { candidates, initial } = props
  const expiries: readonly ChoiceItem[] = EXPIRIES.some(item => item.key === initial.expires)
    ? EXPIRIES
    : [{ key: initial.expires, label: initial.expires }, ...EXPIRIES]
  const [step, setStep] = useState<Step>(hasAudience(initial) ? 'preview' : 'audience')
  const [cursor, setCursor] = useState(0)
  const [scroll, setScroll] = useState(0)
  const [who, setWho] = useState<ReadonlySet<string>>(new Set([...initial.to, ...initial.circles]))
  const [allow, setAllow] = useState<ReadonlySet<string>>(new Set(initial.allow))
  const [expires, setExpires] = useState(initial.expires)

  const choice = (ending = expires): ShareChoice => {
    const known = new Map(candidates.map(candidate => [candidate.key, candidate.kind]))
    const picked = [...who]
    return {
      // What the command line named and no candidate stands for is passed on as it came.
      to: picked.filter(
        key => (known.get(key) ?? (initial.to.includes(key) ? 'contact' : 'circle')) === 'contact',
      ),
      circles: picked.filter(
        key => (known.get(key) ?? (initial.to.includes(key) ? 'contact' : 'circle')) === 'circle',
      ),
      allow: PERMISSIONS.map(item => item.key).filter(key => allow.has(key)),
      expires: ending,
    }
  }
  const go = (to: Step, ending = expires) => {
    const at = expiries.findIndex(item => item.key === ending)
    setCursor(to === 'expiry' ? Math.max(0, at) : 0)
    setScroll(0)
    setStep(to)
    if (to === 'preview') props.onChoice(choice(ending))
  }
  const items: readonly ChoiceItem[] =
    step === 'audience'
      ? candidates
      : step === 'permissions'
        ? PERMISSIONS
        : step === 'expiry'
          ? expiries
          : []
  const toggled = (set: ReadonlySet<string>, key: string) =>
    new Set(set.has(key) ? [...set].filter(other => other !== key) : [...set, key])

  const goOn = () => {
    if (step === 'audience' && who.size > 0) go('permissions')
    else if (step === 'permissions' && allow.size > 0) go('expiry')
    else if (step === 'expiry') {
      const ending = expiries[cursor]?.key ?? expires
      setExpires(ending)
      go('preview', ending)
    }
  }
  const choose = () => {
    const key = items[cursor]?.key
    if (key === undefined) return
    if (step === 'audience') setWho(toggled(who, key))
    else if (step === 'permissions') setAllow(toggled(allow, key))
  }
  const onPreviewKey = (input: string, down: boolean, up: boolean) => {
    if (props.preview !== null && down) setScroll(Math.min(scroll + 1, lastScroll(props.preview)))
    else if (up) setScroll(Math.max(0, scroll - 1))
    else if (input === 'y' && props.preview !== null && !props.preview.blocked) props.onShare(choice())
    else if (input === 'n') props.onCancel()
  }

  useInput((input, key) => {
    if (key.ctrl && input === 'c') return props.onInterrupt()
    if (key.escape) return props.onCancel()
    if (key.leftArrow && step !== 'audience') return go(STEPS[STEPS.indexOf(step) - 1] ?? 'audience')
    if (step === 'preview') return onPreviewKey(input, key.downArrow, key.upArrow)
    if (key.downArrow) setCursor(Math.min(cursor + 1, Math.max(0, items.length - 1)))
    else if (key.upArrow) setCursor(Math.max(0, cursor - 1))
    else if (key.return) goOn()
    else if (input === ' ') choose()
  })

  if (step === 'audience') return <CircleSelector candidates={candidates} chosen={who} cursor={cursor} />
  if (step !== 'preview')
    return (
      <PrivacyManager
        step={step}
        chosen={step === 'expiry' ? new Set([expiries[cursor]?.key ?? expires]) : allow}
        cursor={cursor}
        expiries={expiries}
      />
    )
  return (
    <Box flexDirection="column">
      {props.problem !== null && <Text color="red">{props.problem}</Text>}
      {props.preview === null ? (
        props.problem === null && <Text dimColor>Looking at what would leave…</Text>
      ) : (
        <SharePreview
          preview={props.preview}
          scroll={scroll}
          terms={`may ${choice().allow.join(', ')} · ends ${expires}`}
        />
      )}
      <Text dimColor>{props.caveat}</Text>
      <Text>
        {props.preview !== null && !props.preview.blocked && <Text bold>Share it? y yes · </Text>}
        <Text dimColor>n no · ↑↓ read · ← back</Text>
      </Text>
    </Box>
  )
}
