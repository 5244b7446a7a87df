/** Keys of the profile table under which services keep what a locked node needs; public, or shared with every card. */
export const PROFILE = {
  name: 'name',
  /** 32 bytes, public half of the directory key. */
  directory: 'card.directory',
  /** 16 bytes, the read secret. */
  read: 'card.read',
  /** When the card's keys were drawn or brought to this node, in ms as text: a card that came later in a letter goes before. */
  cardAt: 'card.at',
  /** When its keys were drawn, in ms as text; missing: with the identity. Of two own devices the later keys stand. */
  cardDrawn: 'card.drawn',
  /** What contacts were told of the card and of the node behind it; missing: nothing was to be told yet. */
  cardTold: 'card.told',
  /** The card of the identity that this one moved to. */
  movedCard: 'moved.card',
  /** The signed directory slot, and what it tells. */
  slot: 'slot',
  slotTold: 'slot.told',
  /** Begins the keys of ended slots, put until they expire. */
  slotEnded: 'slot.ended.',
} as const
