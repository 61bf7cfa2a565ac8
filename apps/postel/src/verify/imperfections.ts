import type { Imperfection } from '@postel/storage';

type Kind = Imperfection['kind'];
type Sentence = (count: number) => string;

/** What is told of them at the end: as they were left, and as they were repaired. */
const sentences = {
  orphans: {
    left: (count) => `There are ${count} contents that no message needs: no fault, they only take room.`,
    repaired: (count) => `Removed ${count} contents that no message needs.`,
  },
  deliveries: {
    left: (count) => `There are ${count} envelopes of messages that are gone: no fault, they only take room.`,
    repaired: (count) => `Removed ${count} envelopes of messages that are gone.`,
  },
  unchecked: {
    left: (count) => `${count} blobs of an older Postel have no checksums of their parts: no fault; --fix adds them.`,
    repaired: (count) => `Added checksums of the parts of ${count} blobs.`,
  },
} as const satisfies Record<Kind, { readonly left: Sentence; readonly repaired: Sentence }>;

const KINDS = ['orphans', 'deliveries', 'unchecked'] as const satisfies readonly Kind[];

/** Counts what breaks no rule. */
export class Imperfections {
  readonly #left = new Map<Kind, number>();
  readonly #repaired = new Map<Kind, number>();

  add({ kind, count, isRepaired }: Imperfection): void {
    const counts = isRepaired ? this.#repaired : this.#left;
    counts.set(kind, (counts.get(kind) ?? 0) + count);
  }

  /** A sentence for each kind that there was. */
  *tell(): Generator<string, void> {
    for (const kind of KINDS) {
      const repaired = this.#repaired.get(kind) ?? 0;
      if (repaired > 0) yield sentences[kind].repaired(repaired);
      const left = this.#left.get(kind) ?? 0;
      if (left > 0) yield sentences[kind].left(left);
    }
  }
}
