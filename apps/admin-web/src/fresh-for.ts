/**
 * What is read is shown for so long to whoever asks; what could not be read is asked for again.
 *
 * @param now epoch ms
 */
export function freshFor<Value>(ms: number, now: () => number, read: () => Promise<Value>): () => Promise<Value> {
  let last: { readonly at: number; readonly value: Promise<Value> } | null = null;
  return () => {
    if (last !== null && now() - last.at < ms) return last.value;
    const mine = { at: now(), value: read() };
    last = mine;
    mine.value.catch(() => {
      if (last === mine) last = null;
    });
    return mine.value;
  };
}
