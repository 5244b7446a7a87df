/** Maps that are bounded by forgetting the oldest. */

/** Put `key` at the end, and let the oldest go where there are then more than `max`. */
export function remember<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > max) for (const oldest of map.keys()) return void map.delete(oldest)
}
